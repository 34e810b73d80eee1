# What public headers declare, and no more, is what programs that link a shared Reel can see. A function whose
# definition does not see the public declaration is hidden, and nobody notices but who calls it from outside.
#
# g++ lists what the headers declare as the linker knows it, for Ada; readelf says what OBJECTS, all of Reel, define
# and what is hidden of it. These are compiled alike for both kinds of library. LIBRARIES are those that are shared.
#
#   cmake -D COMPILER=g++ -D READELF=readelf -D HEADERS=FOLDER,... -D OBJECTS=libreel_insides.a
#         -D LIBRARIES=libreel.so,... -D WORK=FOLDER -P exported_names.cmake

cmake_minimum_required(VERSION 3.25)
foreach(list HEADERS LIBRARIES)
  string(REPLACE "," ";" ${list} "${${list}}")
endforeach()

file(REMOVE_RECURSE ${WORK})
set(text "")
foreach(folder ${HEADERS})
  file(GLOB headers RELATIVE ${folder} ${folder}/reel/*.h)
  foreach(header ${headers})
    string(APPEND text "#include <${header}>\n")
  endforeach()
endforeach()
file(WRITE ${WORK}/headers.cpp "${text}")
list(TRANSFORM HEADERS PREPEND -I)
execute_process(COMMAND ${COMPILER} -std=c++17 ${HEADERS} -fsyntax-only -fdump-ada-spec headers.cpp
                WORKING_DIRECTORY ${WORK} COMMAND_ERROR_IS_FATAL ANY)

# Functions and variables in namespace reel. Of a constructor or destructor the several forms count as one.
function(reel_names result text)
  string(REGEX MATCHALL "_ZNK?4reel[A-Za-z0-9_.]+" names "${text}")
  list(TRANSFORM names REPLACE "([CD])[0-9]E" "\\11E")
  list(REMOVE_DUPLICATES names)
  set(${result} "${names}" PARENT_SCOPE)
endfunction()
# Those of readelf's lines that define something for others, and are not alike in every file as inline functions are.
function(defined_names result visibility)
  execute_process(COMMAND ${READELF} --wide ${ARGN} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "(FUNC|OBJECT) +GLOBAL +${visibility} +[0-9]+ +[^ \n]+" text "${text}")
  reel_names(names "${text}")
  set(${result} "${names}" PARENT_SCOPE)
endfunction()

file(GLOB specifications ${WORK}/*.ads)
set(declared "")
foreach(specification ${specifications})
  file(STRINGS ${specification} lines REGEX "_ZNK?4reel")
  list(APPEND declared ${lines})
endforeach()
reel_names(declared "${declared}")
defined_names(defined "(DEFAULT|HIDDEN)" --symbols ${OBJECTS})
if(LIBRARIES)
  defined_names(shown DEFAULT --dyn-syms ${LIBRARIES})
else()
  defined_names(shown DEFAULT --symbols ${OBJECTS})
endif()

set(public ${defined})
set(private ${defined})
list(REMOVE_ITEM private ${declared})
list(REMOVE_ITEM public ${private})
set(hidden ${public})
list(REMOVE_ITEM hidden ${shown})
set(strange ${shown})
list(REMOVE_ITEM strange ${public})
# Ada has no constructors that copy, and g++ does not list the functions that templates are made into.
list(FILTER strange EXCLUDE REGEX "C1E(RK|O)S[0-9]*_$")
list(FILTER strange EXCLUDE REGEX "^_ZN4reel[0-9]+[a-z_]+I")
list(LENGTH public count)
message(STATUS "public headers declare ${count} functions that Reel defines")
if(count EQUAL 0 OR hidden OR strange)
  message(FATAL_ERROR "of ${count} functions that public headers declare are hidden: ${hidden}; and these can be seen "
                      "without being declared there: ${strange}")
endif()
