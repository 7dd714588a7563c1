// The page, as it is in page.html.
#pragma once

#include <string_view>

namespace cluster::http {

extern const std::string_view kPage;

}  // namespace cluster::http
