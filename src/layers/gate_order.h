#pragma once

#include <vector>

#include "cells/cell.h"
#include "kernels/gemm.h"
#include "layers/slices.h"

namespace elman {

// A weight's rows go gate by gate, the gate buffer's columns slice by slice: what products between them are told.

// The gate of each of the buffer's first columns, those that the input enters.
std::vector<size_t> input_gates(const CellSpec& spec);

std::vector<Segment> hidden_units(const Slices& slices);

// Packs the rows of `gates`, for products into columns from first_column on: a segment a slice.
template <class T>
void pack_to_gates(ConstView<T> weight, const std::vector<size_t>& gates, const Slices& slices, size_t first_column,
                   ThreadPool& pool, PackedMatrix<T>& packed);

// Packs the same rows for the way back from the gates of one slice.
template <class T>
void pack_from_gates(ConstView<T> weight, const std::vector<size_t>& gates, const Slices& slices, size_t slice,
                     const std::vector<Segment>& sources, ThreadPool& pool, PackedMatrix<T>& packed);

// Of the matrices that way is made of, one a slice and read in a ring: where the one after that of `slice` begins with
// a segment, as SegmentRange::next wants it. Null where all of them stay near.
template <class T>
const void* panels_after(const std::vector<PackedMatrix<T>>& packed, size_t slice, size_t segment) {
  if (!are_far(packed.size() * packed[slice].bytes())) return nullptr;
  return packed[slice + 1 < packed.size() ? slice + 1 : 0].panels(segment);
}

// Which row of a weight each column of the gate buffer belongs to, given the weight's gate of each column, or
// Segment::kNowhere.
std::vector<Segment> row_of_columns(const Slices& slices, const std::vector<size_t>& gate_of);

}  // namespace elman
