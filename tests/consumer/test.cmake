# Installs the build in BUILD under WORK, then builds and runs the consumer with C++ STANDARD.
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
    CMAKE_CXX_COMPILER=${COMPILER})
run(${CMAKE_COMMAND} --build ${build})
run(${build}/consumer)
