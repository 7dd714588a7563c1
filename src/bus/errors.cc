#include "bus/errors.h"

#include "base/ensure.h"

namespace cluster::bus {
namespace {

// No default: a new refusal must be named here before this compiles without a warning.
const char* brief_name(core::Refusal refusal) {
  switch (refusal) {
    case core::Refusal::kNone: break;
    case core::Refusal::kUnknownService: return "UnknownService";
    case core::Refusal::kUnknownHost: return "UnknownHost";
    case core::Refusal::kNotAble: return "NotAble";
    case core::Refusal::kFailed: return "Failed";
    case core::Refusal::kBusy: return "Busy";
    case core::Refusal::kLeaving: return "Leaving";
    case core::Refusal::kInvalidConfig: return "InvalidConfig";
  }
  return nullptr;
}

}  // namespace

std::string error_name(core::Refusal refusal) {
  const char* name = brief_name(refusal);
  ENSURE(name != nullptr, "a refusal without a name");
  return std::string(kErrorPrefix) + name;
}

}  // namespace cluster::bus
