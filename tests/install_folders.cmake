# Wherever libraries and headers are to be put, what is installed for pkg-config finds them, and below the prefix also
# when all of it is moved. Nothing is built: the file is put where it would be installed.
cmake_minimum_required(VERSION 3.25)
set(prefix ${BUILD}/prefix)
file(REMOVE_RECURSE ${BUILD})
function(check libraries headers)
  file(REMOVE_RECURSE ${BUILD}/moved ${prefix} ${BUILD}/elsewhere)
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD}/build -G Ninja -D CMAKE_CXX_COMPILER=${COMPILER} -D REEL_TESTS=OFF
                          -D REEL_EXAMPLES=OFF -D REEL_BENCHMARKS=OFF -D CMAKE_INSTALL_PREFIX=${prefix}
                          -D CMAKE_INSTALL_LIBDIR=${libraries} -D CMAKE_INSTALL_INCLUDEDIR=${headers}
                  OUTPUT_QUIET ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
  cmake_path(ABSOLUTE_PATH libraries BASE_DIRECTORY ${prefix})
  cmake_path(ABSOLUTE_PATH headers BASE_DIRECTORY ${prefix})
  file(MAKE_DIRECTORY ${libraries}/pkgconfig ${headers})
  file(COPY ${BUILD}/build/reel.pc DESTINATION ${libraries}/pkgconfig)
  if("${libraries} ${headers}" MATCHES "^${prefix}/.* ${prefix}/")
    file(RENAME ${prefix} ${BUILD}/moved)
    string(REPLACE ${prefix} ${BUILD}/moved libraries ${libraries})
    string(REPLACE ${prefix} ${BUILD}/moved headers ${headers})
  endif()
  set(ENV{PKG_CONFIG_PATH} ${libraries}/pkgconfig)
  foreach(flag cflags-only-I libs-only-L variable=includedir variable=libdir)
    execute_process(COMMAND pkg-config --${flag} reel OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE
                            COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX REPLACE " .*|^-[IL]" "" path "${path}")
    file(REAL_PATH "${path}" path)
    list(APPEND found ${path})
  endforeach()
  if(NOT found STREQUAL "${headers};${libraries};${headers};${libraries}")
    message(FATAL_ERROR "for ${ARGV} pkg-config tells ${found}")
  endif()
endfunction()

check(lib include)
check(lib/x86_64-linux-gnu include/of/reel)
check(${prefix}/lib ${prefix}/headers)
check(lib ${BUILD}/elsewhere/headers)
check(${BUILD}/elsewhere/lib include)
