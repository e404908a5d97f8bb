#pragma once

/// The whole array engine.

#include "engine/array/array.h"
#include "engine/array/dtype.h"
#include "engine/array/shape.h"
#include "engine/array/stream.h"
#include "engine/graph/eval.h"
#include "engine/io/safetensors.h"
#include "engine/memory/memory.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/bitwise.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/linalg.h"
#include "engine/ops/random.h"
#include "engine/ops/reduce.h"
#include "engine/ops/scan.h"
#include "engine/ops/shape.h"
#include "engine/ops/sort.h"
#include "engine/ops/unary.h"
