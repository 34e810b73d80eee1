# The reference of the public headers, in HTML, of their comments: the target `reference`, where Doxygen is found.
# What is public and has no comment is an error, and so is a comment that Doxygen cannot read.
find_package(Doxygen 1.9.4 QUIET)
if(NOT DOXYGEN_FOUND)
  message(STATUS "Reel: no target reference, which needs Doxygen from 1.9.4 on")
  return()
endif()

set(REEL_REFERENCE ${PROJECT_BINARY_DIR}/reference)
set(folders "")
foreach(folder engine ops layers layers/exchange layers/data layers/plot)
  list(APPEND folders ${PROJECT_SOURCE_DIR}/${folder}/include)
endforeach()

set(DOXYGEN_PROJECT_NAME Reel)
set(DOXYGEN_OUTPUT_DIRECTORY ${REEL_REFERENCE})
set(DOXYGEN_STRIP_FROM_PATH ${PROJECT_SOURCE_DIR})
set(DOXYGEN_STRIP_FROM_INC_PATH ${folders})
set(DOXYGEN_WARN_AS_ERROR FAIL_ON_WARNINGS)
# Comments are prose: the first sentence of one is its short form, and one may serve several members.
set(DOXYGEN_JAVADOC_AUTOBRIEF YES)
set(DOXYGEN_INPUT_FILTER "sed -E -f ${PROJECT_SOURCE_DIR}/layers/reference.sed")
set(DOXYGEN_DISTRIBUTE_GROUP_DOC YES)
set(DOXYGEN_SORT_MEMBER_DOCS NO)
# What headers hold for their own inside; there it stands between @cond and @endcond, whole headers too.
set(DOXYGEN_EXCLUDE_SYMBOLS reel::structure reel::structure::* reel::mapping reel::mapping::*)
set(DOXYGEN_VERBATIM_HEADERS NO)
set(DOXYGEN_MACRO_EXPANSION YES)
set(DOXYGEN_EXPAND_ONLY_PREDEF YES)
set(DOXYGEN_PREDEFINED REEL_PUBLIC= REEL_MEMBERS\(...\)=)
set(DOXYGEN_SHOW_NAMESPACES YES)
set(DOXYGEN_HAVE_DOT NO)
set(DOXYGEN_INCLUDE_GRAPH NO)
set(DOXYGEN_QUIET YES)
doxygen_add_docs(
  reference README.md examples/guides ${folders} layers/reference.dox
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} COMMENT "Making the reference: reference/html/index.html")
