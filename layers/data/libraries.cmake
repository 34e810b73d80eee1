# Makes reel::libzip and reel::libcsv where they are found: here, and where an installed Reel is found. libcsv brings
# nothing for CMake, and what libzip brings asks for programs that Debian has in another package.
find_library(REEL_LIBZIP zip DOC "libzip, for archives of arrays")
find_library(REEL_LIBCSV csv DOC "libcsv, for tables")
foreach(name LIBZIP LIBCSV)
  string(TOLOWER ${name} lower)
  if(REEL_${name} AND NOT TARGET reel::${lower})
    add_library(reel::${lower} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(reel::${lower} PROPERTIES IMPORTED_LOCATION ${REEL_${name}})
  endif()
endforeach()
