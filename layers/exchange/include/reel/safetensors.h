#pragma once
/// @file
/// @ingroup files
/// Files in the format safetensors.
#include <reel/array.h>

#include <map>
#include <string>

namespace REEL_PUBLIC reel {

/// What a file in the format safetensors holds: arrays by name, and texts by name.
struct Safetensors {
  std::map<std::string, Array> arrays;       ///< By the names of tensors.
  std::map<std::string, std::string> texts;  ///< What the file has under __metadata__.
};

/// Writes a safetensors file (https://huggingface.co/docs/safetensors), the arrays' bits as they are. It
/// appears whole or not at all, as write_whole() says. Throws FileError where it cannot be written, and for a
/// name that is not UTF-8 or is __metadata__; MemoryError where there is no memory for it.
void write_safetensors(const std::string& path, const Safetensors& content);

/// Reads one. F32, F64, I32, I64 and BOOL come as they are, F16 and BF16 as float32, I8, U8, I16 and U16 as
/// int32, U32 as int64: each value exactly. Throws FileError, which names the tensor, for any other type, for
/// a header that is cut off, longer than 100 MB or no JSON of that form, for a name that stands there twice,
/// and for bytes that do not fit a tensor's shape, overlap another's, leave a gap or lie past the end;
/// MemoryError where there is no memory for it.
Safetensors read_safetensors(const std::string& path);

/// The two of bytes in memory; `where` begins the messages.
/// @{
std::string format_safetensors(const Safetensors& content, const std::string& where);
Safetensors parse_safetensors(const std::string& bytes, const std::string& where);
/// @}

}  // namespace reel
