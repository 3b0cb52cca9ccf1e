#pragma once

#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

namespace elman {

// A struct's fields listed once, for writing and for reading: std::tuple{std::pair{"name", &Struct::member}, …}.

template <class Struct, class Fields>
nlohmann::json write_fields(const Struct& from, const Fields& fields) {
  nlohmann::json out = nlohmann::json::object();
  std::apply([&](const auto&... field) { ((out[field.first] = from.*field.second), ...); }, fields);
  return out;
}

// Every field must be there; throws nlohmann::json::exception on a missing one or a wrong type.
template <class Struct, class Fields>
void read_fields(const nlohmann::json& in, Struct& to, const Fields& fields) {
  std::apply([&](const auto&... field) { (in.at(field.first).get_to(to.*field.second), ...); }, fields);
}

// The same for fields that a file need not have: those that hold what a new Struct does are not written, and keep what
// `to` holds when they are not there to read. So a file says nothing of settings that its writer did not touch.

template <class Struct, class Fields>
void write_changed_fields(const Struct& from, const Fields& fields, nlohmann::json& out) {
  const Struct usual;
  const auto write = [&](const char* name, auto member) {
    if (from.*member != usual.*member) out[name] = from.*member;
  };
  std::apply([&](const auto&... field) { (write(field.first, field.second), ...); }, fields);
}

template <class Struct, class Fields>
void read_given_fields(const nlohmann::json& in, Struct& to, const Fields& fields) {
  const auto read = [&](const char* name, auto member) {
    if (const auto found = in.find(name); found != in.end()) found->get_to(to.*member);
  };
  std::apply([&](const auto&... field) { (read(field.first, field.second), ...); }, fields);
}

}  // namespace elman
