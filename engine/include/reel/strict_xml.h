#pragma once
/// @cond
/// @file
/// Files in XML, read without mercy.
#include <initializer_list>
#include <string>

#include <pugixml.hpp>

#include "visibility.h"

namespace REEL_PUBLIC reel {

/// For readers of files in XML; the one header of Reel that needs pugixml. Parses a file of XML 1.0 in UTF-8,
/// and tells its one root. The parser passes over much that is wrong, and over all that it is not asked for;
/// here it is an exception: characters and references to some that XML does not hold, '<' and a bare '&' in a
/// value, text and elements beside the root, a document type, instructions, another encoding or version.
/// Comments may stand between elements. `text` is changed, and must live as long as `document`. Throws
/// FileError, which begins with `where`, and std::bad_alloc where memory gives out.
pugi::xml_node parse_strictly(std::string& text, pugi::xml_document& document, const std::string& where);

/// The value of an attribute. Throws FileError where there is none of the name.
std::string required(const pugi::xml_node& node, const char* attribute, const std::string& where);

/// Throws FileError for an attribute that stands there twice or that is none of these.
void check_attributes(const pugi::xml_node& node, std::initializer_list<std::string> allowed,
                      const std::string& where);

/// A document as it stands in a file, in UTF-8, each level indented by two blanks, or as it is with
/// pugi::format_raw. Throws std::bad_alloc where memory gives out, which streams do not tell.
std::string xml_text(const pugi::xml_document& document, unsigned format = pugi::format_default);

}  // namespace reel
/// @endcond
