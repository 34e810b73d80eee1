# The reference of the public headers, in HTML, of their comments: the target `reference`, where Doxygen is found.
# What is public and has no comment is an error, and so is a comment that Doxygen cannot read.
find_package(Doxygen 1.9.4 QUIET)
if(NOT DOXYGEN_FOUND)
  message(STATUS "Reel: no target reference, which needs Doxygen from 1.9.4 on")
  return()
endif()

set(REEL_REFERENCE ${PROJECT_BINARY_DIR}/reference)
# What Doxygen calls modules: each header belongs to the part in whose folder it is.
set(modules "")
set(folders "")
function(reel_reference_module name folder title text)
  set(module "/** @defgroup ${name} ${title}\n@brief ${text} */\n")
  file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/include/reel/*.h)
  foreach(header ${headers})
    string(APPEND module "/** @file ${header}\n@ingroup ${name} */\n")
  endforeach()
  set(modules "${modules}${module}" PARENT_SCOPE)
  set(folders ${folders} ${PROJECT_SOURCE_DIR}/${folder}/include PARENT_SCOPE)
endfunction()
reel_reference_module(layers layers "Layers and training"
                      "Cells, losses, optimisers and training steps, and all that a training has around it.")
reel_reference_module(ops ops "Operations" "The operations on tensors, and how a user defines one.")
reel_reference_module(
  engine engine "Engine"
  "Arrays, tensors, models, functions, unrolls and streams; below them tapes, derivatives, programs and devices.")
reel_reference_module(exchange layers/exchange "reel::exchange" "Checkpoints, and the files of other programs.")
reel_reference_module(data layers/data "reel::data" "Arrays and tables in files.")
reel_reference_module(plot layers/plot "reel::plot" "Pictures of trainings and predictions.")
file(WRITE ${REEL_REFERENCE}/modules.dox "${modules}")

set(DOXYGEN_PROJECT_NAME Reel)
set(DOXYGEN_OUTPUT_DIRECTORY ${REEL_REFERENCE})
set(DOXYGEN_STRIP_FROM_PATH ${PROJECT_SOURCE_DIR})
set(DOXYGEN_STRIP_FROM_INC_PATH ${folders})
set(DOXYGEN_USE_MDFILE_AS_MAINPAGE ${PROJECT_SOURCE_DIR}/README.md)
set(DOXYGEN_WARN_AS_ERROR FAIL_ON_WARNINGS)
# Comments are prose: the first sentence of one is its short form, and one may serve several members. The point of
# "et al." ends no sentence, which Doxygen is told by a backslash behind it.
set(DOXYGEN_JAVADOC_AUTOBRIEF YES)
set(DOXYGEN_INPUT_FILTER [[sed -E 's/et al\.( |$)/et al.\\ /']])
set(DOXYGEN_DISTRIBUTE_GROUP_DOC YES)
set(DOXYGEN_SORT_MEMBER_DOCS NO)
# What headers hold for their own inside.
set(DOXYGEN_EXCLUDE_SYMBOLS reel::structure reel::structure::* reel::mapping reel::mapping::*)
set(DOXYGEN_MACRO_EXPANSION YES)
set(DOXYGEN_EXPAND_ONLY_PREDEF YES)
set(DOXYGEN_PREDEFINED REEL_PUBLIC= REEL_MEMBERS\(...\)=)
set(DOXYGEN_SHOW_NAMESPACES NO)
set(DOXYGEN_HAVE_DOT NO)
set(DOXYGEN_INCLUDE_GRAPH NO)
set(DOXYGEN_QUIET YES)
doxygen_add_docs(
  reference README.md examples/guides ${folders} ${REEL_REFERENCE}/modules.dox
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} COMMENT "Making the reference: reference/html/index.html")
