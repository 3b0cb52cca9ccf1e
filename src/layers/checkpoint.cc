// Layers run piece by piece through time: forward, only the states between pieces are kept; on the way back each piece
// runs once more, with a tape.
#include <algorithm>

#include "layers/containers.h"

namespace elman {

template <class T>
struct Checkpoints {
  struct Piece {
    size_t first, last;  // steps
    State<T> start;
  };
  std::vector<Piece> pieces;
  Tape<T> tape;  // of the piece at hand

  // Pieces of at least `every` steps, all but the first; they meet where blocks of the gradients' sums do.
  void cut(const Steps& steps, size_t every) {
    pieces.clear();
    for (size_t last = steps.steps(), first = last; last > 0; last = first) {
      do first = steps.run_before(first, kGradientRows);
      while (first > 0 && last - first < every);
      pieces.push_back({first, last, {}});
    }
    std::reverse(pieces.begin(), pieces.end());
  }
};

template <class T>
bool SequentialLayer<T>::takes_pieces(const Tape<T>* tape, const Steps& steps) const {
  return tape && tape->checkpoint_every > 0 && pieceable_ > 0 && steps.steps() > tape->checkpoint_every &&
         steps.rows() > kGradientRows;
}

template <class T>
View<T> SequentialLayer<T>::forward_pieces(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const {
  const auto checkpoints = std::make_shared<Checkpoints<T>>();
  checkpoints->cut(steps, pass.tape->checkpoint_every);
  auto& entry = pass.tape->entry(this->id());
  entry = {.input = x,
           .had_state = pass.has_state(),
           .dropped = pass.dropout != nullptr,
           .first_row = pass.first_row,
           .checkpoints = checkpoints};
  if (pass.dropout) entry.dropout = *pass.dropout;

  State<T> all, now;
  all.batch = steps.batch();
  if (pass.state) all.take(*pass.state, all.batch);
  else this->initial_state(pass.parameters, all.batch, all);
  const Steps y_steps = steps_after(steps, pieceable_);
  const View<T> y =
      pass.tape->saved.matrix(this->id(), kOutput, y_steps.rows(), layers_[pieceable_ - 1]->output_size());
  for (auto& piece : checkpoints->pieces) {
    const Steps part = steps.part(piece.first, piece.last);
    const size_t row = steps.offset(piece.first);
    piece.start.take(all, part.batch());
    now.take(all, part.batch());
    const View<T> y_piece = forward({pass.parameters, pass.scratch, &now, nullptr, pass.dropout, pass.first_row + row},
                                    part, x.slice_rows(row, part.rows()), 0, pieceable_);
    // Of many to one, that of a sequence which goes on is overwritten by its next piece.
    copy_rows<T>(y_piece, y.slice_rows(many_to_one_ ? 0 : row, y_piece.rows));
    all.put(now);
  }
  if (pass.state) pass.state->put(all);
  return y;
}

template <class T>
View<T> SequentialLayer<T>::backward_pieces(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y,
                                            bool need_d_x) const {
  const typename Tape<T>::Entry entry = pass.tape.entry(this->id());
  Checkpoints<T>& checkpoints = *entry.checkpoints;
  Workspace<T>& buffers = pass.scratch.buffers;
  State<T> all, now;  // gradients to the states after the piece, then before it
  all.take(pass.d_state ? *pass.d_state : checkpoints.pieces.front().start, steps.batch());
  if (!pass.d_state)
    for (Buffer<T>& layer : all.layers) layer.fill(T{});
  View<T> d_x;
  for (size_t i = checkpoints.pieces.size(); i-- > 0;) {
    auto& piece = checkpoints.pieces[i];
    const Steps part = steps.part(piece.first, piece.last);
    const size_t row = steps.offset(piece.first);
    forward({pass.parameters, pass.scratch, i > 0 || entry.had_state ? &piece.start : nullptr, &checkpoints.tape,
             entry.dropped ? &entry.dropout : nullptr, entry.first_row + row},
            part, entry.input.slice_rows(row, part.rows()), 0, pieceable_);
    View<T> d_piece;
    if (many_to_one_) {
      const size_t going = piece.last < steps.steps() ? steps.batch_at(piece.last) : 0;
      d_piece = buffers.matrix(this->id(), kDeltaOutput, part.batch(), d_y.cols);
      std::fill_n(d_piece.data, going * d_y.cols, T{});
      copy_rows<T>(d_y.slice_rows(going, part.batch() - going), d_piece.slice_rows(going, part.batch() - going));
    } else {
      d_piece = d_y.slice_rows(row, part.rows());
    }
    now.take(all, part.batch());
    const View<T> d_input =
        backward({pass.parameters, pass.scratch, checkpoints.tape, &now}, part, d_piece, need_d_x, 0, pieceable_);
    all.put(now);
    if (!d_input) continue;
    d_x = buffers.matrix(this->id(), kDeltaInput, steps.rows(), input_);
    copy_rows<T>(d_input, d_x.slice_rows(row, part.rows()));
  }
  if (pass.d_state) pass.d_state->put(all);
  return d_x;
}

template <class T>
size_t SequentialLayer<T>::tape_size(const Steps& steps, size_t checkpoint_every) const {
  Tape<T> tape;
  tape.checkpoint_every = checkpoint_every;
  size_t size = 0, first = 0;
  const auto add = [&](Steps now, size_t begin, size_t end, size_t every) {
    size_t sum = 0;
    for (size_t i = begin; i < end; ++i) {
      sum += layers_[i]->tape_size(now, every);
      now = layers_[i]->output_steps(now);
    }
    return sum;
  };
  if (takes_pieces(&tape, steps)) {
    first = pieceable_;
    Checkpoints<T> checkpoints;
    checkpoints.cut(steps, checkpoint_every);
    for (const auto& piece : checkpoints.pieces) {
      const Steps part = steps.part(piece.first, piece.last);
      size = std::max(size, add(part, 0, first, 0));
    }
    for (const auto& piece : checkpoints.pieces) size += steps.batch_at(piece.first) * state_size();
    size += steps_after(steps, first).rows() * layers_[first - 1]->output_size();
  }
  return size + add(steps_after(steps, first), first, layers_.size(), checkpoint_every);
}

template bool SequentialLayer<float>::takes_pieces(const Tape<float>*, const Steps&) const;
template View<float> SequentialLayer<float>::forward_pieces(const Pass<float>&, const Steps&, ConstView<float>) const;
template View<float> SequentialLayer<float>::backward_pieces(const BackwardPass<float>&, const Steps&, View<float>,
                                                             bool) const;
template size_t SequentialLayer<float>::tape_size(const Steps&, size_t) const;
template bool SequentialLayer<double>::takes_pieces(const Tape<double>*, const Steps&) const;
template View<double> SequentialLayer<double>::forward_pieces(const Pass<double>&, const Steps&,
                                                              ConstView<double>) const;
template View<double> SequentialLayer<double>::backward_pieces(const BackwardPass<double>&, const Steps&, View<double>,
                                                               bool) const;
template size_t SequentialLayer<double>::tape_size(const Steps&, size_t) const;

}  // namespace elman
