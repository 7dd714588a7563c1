// A value, or the reason why there is none. Errors are sentences for people.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/ensure.h"

namespace cluster {

struct Error {
  std::string text;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  T& value() & { return (ENSURE(ok()), std::get<T>(state_)); }
  const T& value() const& { return (ENSURE(ok()), std::get<T>(state_)); }
  T&& value() && { return (ENSURE(ok()), std::get<T>(std::move(state_))); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }

  const std::string& error() const { return (ENSURE(!ok()), std::get<Error>(state_).text); }

 private:
  std::variant<T, Error> state_;
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error.text)), failed_(true) {}

  bool ok() const { return !failed_; }
  explicit operator bool() const { return ok(); }
  const std::string& error() const { return error_; }

 private:
  std::string error_;
  bool failed_ = false;
};

}  // namespace cluster
