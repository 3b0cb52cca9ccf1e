#pragma once

#include "elman/network.h"
#include "layers/layer.h"

namespace elman {

// The layers that a description stands for, one after the other. Declares their parameters; ids count from 0 in the
// order of the description. Throws kUsage on sizes that do not fit or a name that two layers share, kLimit on
// sizes or layers beyond all use.
template <class T>
LayerPtr<T> build_layers(const NetworkConfig& config, Parameters<T>& parameters);

}  // namespace elman
