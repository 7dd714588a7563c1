// What is text: bytes from files and peers are asked before they are shown, stored or passed on as such.
#pragma once

#include <string_view>

namespace cluster {

bool is_utf8(std::string_view bytes);  // RFC 3629: shortest form, no surrogates

}  // namespace cluster
