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
file(REMOVE_RECURSE ${prefix} ${build} ${WORK}/before)
# It can be moved.
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/before)
file(RENAME ${WORK}/before ${prefix})
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
set(ENV{LD_LIBRARY_PATH} ${prefix}/lib)
run(${build}/by_pkg_config)

# Of shared libraries Reel's own names can be seen, and of these none of what its headers do not have.
file(GLOB libraries ${prefix}/lib/libreel*.so)
if(SHARED AND NOT libraries)
  message(FATAL_ERROR "no shared library was installed in ${prefix}/lib")
endif()
foreach(library ${libraries})
  execute_process(COMMAND ${NM} --dynamic --defined-only --format=posix ${library} OUTPUT_VARIABLE names
                          COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" names "${names}")
  list(LENGTH names count)
  set(reel "^_Z(T[ISV]|GV|GVZ|Z)?NK?4reel")
  set(strange ${names})
  list(FILTER strange EXCLUDE REGEX "${reel}")
  list(FILTER names INCLUDE REGEX "${reel}(3cpu|4cuda|4plan|4plot|6passes|9reference)")
  if(count EQUAL 0 OR strange OR names)
    message(FATAL_ERROR "${library} has ${count} names that can be seen, with ${strange} and ${names}, which should be hidden")
  endif()
endforeach()
