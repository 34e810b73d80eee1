# Configures Reel where kernels cannot be joined: there are those for the plain processor alone, and that is said.
# No other kernels are to be built then.
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G Ninja -D CMAKE_CXX_COMPILER=${COMPILER} -D
                        REEL_LD=${CMAKE_COMMAND} -D REEL_TESTS=OFF -D REEL_EXAMPLES=OFF -D REEL_BENCHMARKS=OFF
                RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT result EQUAL 0 OR NOT output MATCHES "kernels for the plain processor alone[^\n]*\n?[^\n]*REEL_LD")
  message(FATAL_ERROR "configured as ${result}, and said: ${output}")
endif()
file(READ ${BUILD}/build.ninja targets)
if(NOT targets MATCHES "reel_baseline" OR targets MATCHES "reel_avx")
  message(FATAL_ERROR "not the kernels for the plain processor alone are built")
endif()
