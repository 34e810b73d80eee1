# Trains STREAM on a triangle wave and lets it run on one, in FOLDER: what it expects must come near.
cmake_minimum_required(VERSION 3.25)
set(signal "")
foreach(wave RANGE 30)
  foreach(value 0 1 2 3 4 5 4 3 2 1)
    string(APPEND signal "${value}\n")
  endforeach()
endforeach()
set(numbers ${FOLDER}/stream_test.txt)
set(model ${FOLDER}/stream_test.xml)
file(WRITE ${numbers} "${signal}")
execute_process(COMMAND ${STREAM} train --hidden 16 ${numbers} ${model} --steps 150 COMMAND_ERROR_IS_FATAL ANY)
# The number of units is in the file.
execute_process(COMMAND ${STREAM} run ${model} INPUT_FILE ${numbers} OUTPUT_VARIABLE output ERROR_VARIABLE timing
                COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${output}")
list(LENGTH lines count)
list(GET lines 0 first)
list(GET lines -1 last)
string(REGEX MATCH "-?([0-9.e-]+)$" difference "${last}")
set(size ${CMAKE_MATCH_1})
message(STATUS "${count} lines, the last one '${last}'; ${timing}")
if(NOT count EQUAL 310 OR NOT size LESS 0.5 OR NOT first MATCHES "^0\tnan\t" OR
   NOT timing MATCHES "^310 steps; median [0-9.]+ microseconds, slowest [0-9.]+\\.\n$")
  message(FATAL_ERROR "that is not what was to be expected")
endif()

# Runs on INPUT: it must end with STATUS, and what it writes as output or error, whichever is told, must match WANTED.
function(check_run input written status wanted)
  file(WRITE ${FOLDER}/stream_input.txt "${input}")
  execute_process(COMMAND ${STREAM} run ${model} INPUT_FILE ${FOLDER}/stream_input.txt OUTPUT_VARIABLE output
                  ERROR_VARIABLE error RESULT_VARIABLE result)
  if(NOT result EQUAL status OR NOT ${written} MATCHES "${wanted}")
    message(FATAL_ERROR "of '${input}' it says, with status ${result}: ${output}${error}")
  endif()
endfunction()

# Numbers as people and programs write them.
check_run("+1\n" output 0 "^1\tnan")
check_run("  2.5\t\r\n \n" output 0 "^2.5\tnan\tnan\n$")
check_run("\n\n-3" output 0 "^-3\tnan\tnan\n$")
check_run("1e-400\n" output 0 "^0\tnan")
check_run("-1e-400\n" output 0 "^-0\tnan")
check_run(" +1E+2 \n" output 0 "^100\tnan")
check_run(".5\n" output 0 "^0.5\tnan")
# All else is told with its line.
foreach(word three 0x10 1,5 "1 2" ++1 +-1 + - 1e 1e+ "1\;")
  check_run("1\n\n${word}\n" error 1 "standard input, line 3: '[^\n]*' is no number\n$")
endforeach()
foreach(word 1e39 -1e400 inf nan)
  check_run("1\n${word}\n" error 1 "line 2: '${word}' is no number that a float can hold")
endforeach()
string(REPEAT "x" 1000 long)
check_run("${long}\n" error 1 "line 1: '[x]*\\.\\.\\.' is no number\n$")
check_run("\n \n" error 1 "standard input held no number")

# A file that is no model.
execute_process(COMMAND ${STREAM} run ${numbers} INPUT_FILE ${numbers} OUTPUT_QUIET ERROR_VARIABLE error
                RESULT_VARIABLE result)
if(NOT result EQUAL 1 OR NOT error MATCHES "stream_test.txt")
  message(FATAL_ERROR "numbers were taken for a model: ${error}")
endif()

# Nobody takes what it writes: a full disk, and a pipe whose reader has gone while numbers still come in.
if(EXISTS /dev/full)
  execute_process(COMMAND ${STREAM} run ${model} INPUT_FILE ${numbers} OUTPUT_FILE /dev/full ERROR_VARIABLE error
                  RESULT_VARIABLE result)
  if(NOT result EQUAL 1 OR NOT error MATCHES "cannot write to standard output: No space left")
    message(FATAL_ERROR "a full disk went unnoticed: ${error}")
  endif()
endif()
execute_process(COMMAND sh -c "yes 1 | { \"$0\" run \"$1\"; echo \"status $?\" >&2; } | head -n 1" ${STREAM} ${model}
                OUTPUT_VARIABLE output ERROR_VARIABLE error)
if(NOT output MATCHES "^1\tnan" OR NOT error MATCHES "cannot write to standard output: Broken pipe\nstatus 1\n")
  message(FATAL_ERROR "a closed pipe went unnoticed: ${error}")
endif()
