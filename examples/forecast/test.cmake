# Runs FORECAST on TABLE, of which it trains for two epochs, and looks at what it prints and draws in FOLDER. The ways
# without a network do not depend on rounding or seeds: their rows are as expected to the last digit.
set(picture ${FOLDER}/forecast_test.svg)
file(REMOVE ${picture})
execute_process(COMMAND ${FORECAST} ${TABLE} --epochs 2 --picture ${picture} OUTPUT_VARIABLE output
                COMMAND_ERROR_IS_FATAL ANY)
message(STATUS "${output}")
string(REGEX REPLACE " +" " " table "${output}")
foreach(row "persistence 1.17 2.19 3.01 3.60 3.96 4.09 3.00" "damped persistence 0.47 0.71 0.84 0.87 0.88 0.87 0.77"
            "seasonal 1.11 1.13 1.15 1.16 1.16 1.17 1.15" "climatology 0.79 0.80 0.81 0.81 0.81 0.81 0.81")
  string(FIND "${table}" "\n ${row}\n" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "there is no row '${row}'")
  endif()
endforeach()
# The network begins as damped persistence, and is kept where it is best: what was learnt in two epochs is near that.
if(NOT table MATCHES "\n LSTM( 0\\.[0-9][0-9])+\n")
  message(FATAL_ERROR "the network is a degree or more off, or has no row")
endif()
if(NOT table MATCHES "\n LSTM 0\\.(4[4-9]|50) ")
  message(FATAL_ERROR "a month ahead the network is not near damped persistence")
endif()
set(losses "validation (0\\.[0-9]+), that of damped persistence (0\\.[0-9]+)")
if(NOT output MATCHES "127 forecasts from 2000 on" OR NOT output MATCHES "${losses}"
   OR CMAKE_MATCH_1 GREATER CMAKE_MATCH_2)
  message(FATAL_ERROR "the network that was kept is worse than what it began as")
endif()
file(READ ${picture} drawn)
foreach(text "Temperature of the sea off Peru" "climatology" "measured" "forecast every six months"
             "four of five errors" "</svg>")
  if(NOT drawn MATCHES "${text}")
    message(FATAL_ERROR "the picture has no '${text}'")
  endif()
endforeach()
# A year before the first one is refused.
execute_process(COMMAND ${FORECAST} ${TABLE} --test-from 1949 --picture ${picture} OUTPUT_QUIET ERROR_VARIABLE error
                RESULT_VARIABLE result)
if(result EQUAL 0 OR NOT error MATCHES "there are years from 1950 to")
  message(FATAL_ERROR "forecasts from 1949 on were not refused: ${error}")
endif()
# So is a table in which nothing is left to forecast.
set(rows "YEAR,JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC\n")
foreach(year RANGE 1950 1970)
  string(APPEND rows "${year},1,2,3,4,5,6,7,8,9,10,11,12\n")
endforeach()
file(WRITE ${FOLDER}/forecast_alike.csv "${rows}")
execute_process(COMMAND ${FORECAST} ${FOLDER}/forecast_alike.csv --validate-from 1960 --test-from 1965 --picture ${picture}
                OUTPUT_QUIET ERROR_VARIABLE error RESULT_VARIABLE result)
if(NOT result EQUAL 1 OR NOT error MATCHES "each year of training is like the others")
  message(FATAL_ERROR "years that are alike were not refused: ${error}")
endif()
