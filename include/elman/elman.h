#pragma once

// Recurrent networks: describe one (network.h), train it (model.h, optimizers.h, schedule.h), save it, run it step by
// step.

#include "elman/error.h"
#include "elman/model.h"
#include "elman/network.h"
#include "elman/optimizers.h"
#include "elman/schedule.h"
