#include "ctl/fields.h"

#include "ctl/text.h"

namespace cluster::ctl {

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? printable(found->get<std::string>()) : "";
}

bool flag_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

uint64_t number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

uint32_t id_at(const Json& object, const char* key) {
  return static_cast<uint32_t>(number_at(object, key));
}

const Json& list_at(const Json& object, const char* key) {
  static const Json kNone = Json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : kNone;
}

std::vector<uint32_t> ids_at(const Json& object, const char* key) {
  std::vector<uint32_t> out;
  for (const Json& id : list_at(object, key)) {
    if (id.is_number_unsigned()) out.push_back(id.get<uint32_t>());
  }
  return out;
}

std::string joined(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() ? a + b : a + ", " + b;
}

}  // namespace cluster::ctl
