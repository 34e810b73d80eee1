# Headers as Doxygen reads them.
# The point of "et al." ends no sentence.
s/et al\.( |$)/et al.\\ /
# What a header belongs to, by its @ingroup, all of its classes and functions belong to.
/^\/\/\/ @ingroup /{
  h
  s/.*/\/\/\//
}
/^namespace REEL_PUBLIC reel \{/{
  G
  s/\n\/\/\/ @ingroup (.*)/ \/** @addtogroup \1 *\/ \/**@{*\//
  s/\n//
}
/^\}  \/\/ namespace reel$/{
  G
  s/(.*)\n\/\/\/ @ingroup .*/\/**@}*\/ \1/
  s/\n//
}
