# Writes the C++ source OUT that holds the texts of FILES, by the names NAMES: see texts.h.
set(table "")
foreach(file name IN ZIP_LISTS FILES NAMES)
  file(READ ${file} text)
  string(APPEND table "      {\"${name}\", R\"reel_text(${text})reel_text\"},\n")
endforeach()
set(source "#include \"run/cuda/texts.h\"\n\nnamespace reel::cuda {\n\nconst std::map<std::string, std::string>& own_texts() {\n  static const std::map<std::string, std::string> texts{\n${table}  };\n  return texts;\n}\n\n}  // namespace reel::cuda\n")
file(WRITE ${OUT} "${source}")
