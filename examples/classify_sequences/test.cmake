# Trains each cell with CLASSIFY on few events, writes in FOLDER, and reads each file back: the network that was
# read must give the answers of the one that was written.
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
set(few --events 300 --seed 3 --out ${FOLDER})
execute_process(COMMAND ${CLASSIFY} --cells rnn lstm gru --epochs 2 ${few} OUTPUT_VARIABLE trained
                COMMAND_ERROR_IS_FATAL ANY)
file(READ ${FOLDER}/roc.svg roc)
set(result "AUC on 120 new events: 0\\.[0-9]+; the mean answer is 0\\.[0-9]+")
foreach(cell rnn lstm gru)
  string(REGEX MATCH "\n${cell}:\n.*" of_cell "${trained}")
  string(REGEX MATCH "${result}" written "${of_cell}")
  execute_process(COMMAND ${CLASSIFY} --read ${FOLDER}/${cell}.weights.xml ${few} OUTPUT_VARIABLE tried
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "${result}" read "${tried}")
  message(STATUS "${cell}: '${written}', and read back '${read}'")
  if(NOT written OR NOT written STREQUAL read)
    message(FATAL_ERROR "the ${cell} that was written is not the one that was read:\n${trained}\n${tried}")
  endif()
  file(READ ${FOLDER}/${cell}_loss.svg losses)
  if(NOT losses MATCHES "cross-entropy.*epoch.*lowest validation.*${cell} on sequences.*</svg>")
    message(FATAL_ERROR "the losses of the ${cell} are not drawn")
  endif()
  if(NOT roc MATCHES ">AUC 0\\.[0-9]+, ${cell}<.*</svg>")
    message(FATAL_ERROR "the ROC curve of the ${cell} is not drawn")
  endif()
endforeach()
# What is no such file is refused.
file(WRITE ${FOLDER}/other.xml "<other/>")
execute_process(COMMAND ${CLASSIFY} --read ${FOLDER}/other.xml ${few} OUTPUT_QUIET ERROR_VARIABLE error
                RESULT_VARIABLE result)
if(result EQUAL 0 OR NOT error MATCHES "other.xml")
  message(FATAL_ERROR "another file was read as one of TMVA: ${error}")
endif()
