# No function of the kernels that are compiled once per instruction set may be shared by them: the linker keeps
# one copy, and it may be the one an older processor cannot run. Names what each variant's object files define
# for others to share (weak and unique symbols), and fails where two have the same.
#
#   cmake -D NM=nm -D VARIANTS=baseline,avx2 -D OBJECTS_baseline=a.o,b.o -D OBJECTS_avx2=... -P variant_symbols.cmake

cmake_minimum_required(VERSION 3.25)
string(REPLACE "," ";" VARIANTS "${VARIANTS}")
set(seen "")
foreach(variant ${VARIANTS})
  string(REPLACE "," ";" objects "${OBJECTS_${variant}}")
  execute_process(COMMAND ${NM} -C --defined-only ${objects} OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
  # Brackets and semicolons would be read as lists.
  string(REPLACE ";" "," output "${output}")
  string(REPLACE "[" "(" output "${output}")
  string(REPLACE "]" ")" output "${output}")
  string(REGEX MATCHALL "[0-9a-f]+ [WVuvw] [^\n]+" lines "${output}")
  set(shared "")
  foreach(line ${lines})
    string(REGEX REPLACE "^[0-9a-f]+ [WVuvw] " "" name "${line}")
    list(APPEND shared "${name}")
  endforeach()
  list(REMOVE_DUPLICATES shared)
  foreach(name ${shared})
    if(name IN_LIST seen)
      message(SEND_ERROR "variant ${variant} shares with another: ${name}")
    endif()
  endforeach()
  list(APPEND seen ${shared})
endforeach()
