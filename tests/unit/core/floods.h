// Records as a flood carries them: each by itself, in bytes.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "wire/cluster.pb.h"

namespace cluster::core {

inline void add_record(wire::Message& flood, const wire::Record& record) {
  flood.mutable_flood()->add_records(record.SerializeAsString());
}

inline std::vector<wire::Record> records_of(const wire::Message& message) {
  std::vector<wire::Record> out;
  for (const std::string& bytes : message.flood().records())
    EXPECT_TRUE(out.emplace_back().ParseFromString(bytes));
  return out;
}

}  // namespace cluster::core
