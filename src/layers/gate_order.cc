#include "layers/gate_order.h"

namespace elman {
namespace {

// Weight rows in the order of the gate buffer: gate by gate within each slice.
std::vector<size_t> weight_rows(const Slices& slices, size_t first_slice, size_t last_slice,
                                const std::vector<size_t>& gates) {
  std::vector<size_t> rows;
  for (size_t s = first_slice; s < last_slice; ++s)
    for (const size_t g : gates)
      for (size_t u = 0; u < slices.units(s); ++u) rows.push_back(g * slices.hidden_size() + slices.first(s) + u);
  return rows;
}

// Columns [first, first + count) of every slice.
std::vector<Segment> gate_columns(const Slices& slices, size_t first, size_t count) {
  std::vector<Segment> segments;
  for (size_t s = 0; s < slices.count(); ++s) segments.push_back({count * slices.units(s), slices.column(s, first)});
  return segments;
}

}  // namespace

std::vector<size_t> input_gates(const CellSpec& spec) {
  std::vector<size_t> gates(spec.gates.size());
  for (size_t g = 0; g < gates.size(); ++g) gates[spec.column_of(g)] = g;
  return gates;
}

std::vector<Segment> hidden_units(const Slices& slices) {
  std::vector<Segment> segments;
  for (size_t s = 0; s < slices.count(); ++s) segments.push_back({slices.units(s), slices.first(s)});
  return segments;
}

template <class T>
void pack_to_gates(ConstView<T> weight, const std::vector<size_t>& gates, const Slices& slices, size_t first_column,
                   ThreadPool& pool, PackedMatrix<T>& packed) {
  packed.pack_transposed(
      weight, {weight_rows(slices, 0, slices.count(), gates), gate_columns(slices, first_column, gates.size())}, &pool);
}

template <class T>
void pack_from_gates(ConstView<T> weight, const std::vector<size_t>& gates, const Slices& slices, size_t slice,
                     const std::vector<Segment>& sources, ThreadPool& pool, PackedMatrix<T>& packed) {
  packed.pack(weight, {weight_rows(slices, slice, slice + 1, gates), sources}, &pool);
}

std::vector<Segment> row_of_columns(const Slices& slices, const std::vector<size_t>& gate_of) {
  constexpr size_t kNowhere = Segment::kNowhere;
  std::vector<Segment> segments;
  for (size_t s = 0; s < slices.count(); ++s)
    for (const size_t gate : gate_of)
      segments.push_back(
          {slices.units(s), gate == kNowhere ? kNowhere : gate * slices.hidden_size() + slices.first(s)});
  return segments;
}

template void pack_to_gates(ConstView<float>, const std::vector<size_t>&, const Slices&, size_t, ThreadPool&,
                            PackedMatrix<float>&);
template void pack_to_gates(ConstView<double>, const std::vector<size_t>&, const Slices&, size_t, ThreadPool&,
                            PackedMatrix<double>&);
template void pack_from_gates(ConstView<float>, const std::vector<size_t>&, const Slices&, size_t,
                              const std::vector<Segment>&, ThreadPool&, PackedMatrix<float>&);
template void pack_from_gates(ConstView<double>, const std::vector<size_t>&, const Slices&, size_t,
                              const std::vector<Segment>&, ThreadPool&, PackedMatrix<double>&);

}  // namespace elman
