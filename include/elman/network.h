#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace elman {

// The architecture of a network, as data. Every layer reads the features that the one before it writes, so only the
// network's own input_size is stated. A layer's `name` prefixes its parameters ("rnn.weight_ih_l0") and is unique in
// the network.

// Recurrent layers of any cell of docs/cells, such as rnn_tanh, lstm or gru; its page has the equations. Parameters of
// layer k are PyTorch's: weight_ih_lk [gates * hidden_size, input], weight_hh_lk [gates * hidden_size, hidden_size],
// bias_ih_lk and bias_hh_lk [gates * hidden_size]. Output features: hidden_size, twice that when bidirectional. The
// error on an unknown cell lists all.
struct Recurrent {
  std::string cell = "lstm";
  size_t hidden_size = 0;
  size_t num_layers = 1;
  bool bidirectional = false;
  double dropout = 0.0;                // between layers, as torch.nn.LSTM
  bool layer_norm = false;             // after every layer
  bool residual = false;               // adds a layer's input to its output where their sizes agree
  bool learned_initial_state = false;  // zeros otherwise
  std::string name = "rnn";
};

// y = x W^T + b at every step, as torch.nn.Linear: weight [output_size, input], bias [output_size].
struct Linear {
  size_t output_size = 0;
  bool zero_start = false;  // the weights begin at 0: a skip that at first adds nothing
  std::string name = "head";
};

// A learned vector for each of `symbols` indices, as torch.nn.Embedding: weight [symbols, output_size]. The input has
// one feature, the index, from 0.
struct Embedding {
  size_t symbols = 0;
  size_t output_size = 0;
  std::string name = "embedding";
};

// While training, zeroes each feature with probability `rate` and scales the rest by 1 / (1 - rate) (Srivastava et al.
// 2014); otherwise nothing.
struct Dropout {
  double rate = 0.0;  // from 0 to below 1
};

// (x - mean) / sqrt(variance + 1e-5) over the features of each step, times a weight, plus a bias, as torch.nn.LayerNorm
// (Ba et al. 2016): both [features].
struct LayerNorm {
  std::string name = "norm";
};

// Many-to-one: keeps each sequence's last step. After bidirectional layers say so: their reverse half ends at step 0.
struct LastStep {
  bool bidirectional = false;
};

// All steps side by side as the features of one; sequences must have exactly `steps` steps.
struct Flatten {
  size_t steps = 0;
};

// Steps [first, first + count) alone, and of each the first `features`; 0: all. Sequences must be of one length.
struct Crop {
  size_t first = 0;
  size_t count = 0;
  size_t features = 0;
};

struct Decode;
struct Rollout;
struct Sum;

using LayerConfig =
    std::variant<Recurrent, Linear, Embedding, Dropout, LayerNorm, LastStep, Flatten, Crop, Decode, Rollout, Sum>;

// An encoder and a decoder of all steps at once. The `reader`, layers that end at one step, reads all but the last
// `steps` rows; from what it writes as state h, each of those rows is one step of the cell, which reads a learned
// vector of its place and the row's first `features` (parallel decoding, Lin et al. 2023). Output features: the
// reader's.
struct Decode {
  std::string cell = "gru";
  size_t steps = 0;
  size_t position_size = 0;
  size_t features = 0;
  std::string name = "decoder";
  std::vector<LayerConfig> reader;
};

// The textbook recurrence that goes on from its own outputs: the `reader`, layers that write every step and need no
// later one, reads a row for each time t and writes the forecast of t. The row holds the first `features` columns of x
// at t, the others but `value` at t - 1, and the column `value` at t - lag for each of `lags`, which ascend from 1 or
// more. Of the last `steps` rows of x the values are not read: there the value is what was written, output `feedback`,
// through softplus if `positive`. It is trained as it runs: gradients travel through what is fed back. The past must
// have a row for every lag. Output: `steps` steps of the reader's features.
struct Rollout {
  size_t steps = 0;
  size_t features = 0;
  size_t value = 0;
  std::vector<size_t> lags = {1};
  size_t feedback = 0;
  bool positive = false;
  std::vector<LayerConfig> reader;
};

// The sum of branches, each a list of layers, times their weights, 1 each if there are none; an empty list is the
// identity.
struct Sum {
  std::vector<std::vector<LayerConfig>> branches;
  std::vector<double> weights = {};
};

struct NetworkConfig {
  size_t input_size = 0;
  std::vector<LayerConfig> layers;
};

}  // namespace elman
