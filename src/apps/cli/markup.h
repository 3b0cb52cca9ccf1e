#pragma once

#include <string>
#include <string_view>

namespace elman::cli {

// Text as it stands in HTML or SVG, inside an element or a quoted attribute. Control characters are left out.
std::string escape_markup(std::string_view text);

}  // namespace elman::cli
