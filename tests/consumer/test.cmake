# Installs the build in BUILD, which has PARTS (with commas between them), under WORK, then builds and runs the
# consumers with C++ STANDARD.
string(REPLACE "," ";" PARTS "${PARTS}")
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "failed: ${ARGN}")
  endif()
endfunction()

set(prefix ${WORK}/installed)
set(build ${WORK}/build-cpp${STANDARD})
file(REMOVE_RECURSE ${prefix} ${build})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${build} -G Ninja -D CMAKE_PREFIX_PATH=${prefix} -D
    CMAKE_CXX_STANDARD=${STANDARD} -D CMAKE_CXX_STANDARD_REQUIRED=ON -D CMAKE_BUILD_TYPE=${CONFIG} -D
    CMAKE_CXX_COMPILER=${COMPILER} -D "PARTS=${PARTS}")
run(${CMAKE_COMMAND} --build ${build})
run(${build}/consumer)
execute_process(COMMAND ${build}/parts WORKING_DIRECTORY ${build} COMMAND_ERROR_IS_FATAL ANY)
# And without CMake.
find_program(PKG_CONFIG pkg-config REQUIRED)
set(ENV{PKG_CONFIG_PATH} ${prefix}/lib/pkgconfig)
execute_process(COMMAND ${PKG_CONFIG} --cflags --libs reel OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
run(${COMPILER} -std=c++${STANDARD} ${CMAKE_CURRENT_LIST_DIR}/main.cpp ${flags} -o ${build}/by_pkg_config)
run(${build}/by_pkg_config)
