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

}  // namespace elman
