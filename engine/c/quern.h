#ifndef QUERN_C_QUERN_H
#define QUERN_C_QUERN_H

/* The whole array engine for C: see types.h for the conventions. */

#include "engine/c/arithmetic.h"
#include "engine/c/array.h"
#include "engine/c/bitwise.h"
#include "engine/c/cast.h"
#include "engine/c/comparison.h"
#include "engine/c/containers.h"
#include "engine/c/creation.h"
#include "engine/c/error.h"
#include "engine/c/fast.h"
#include "engine/c/graph.h"
#include "engine/c/indexing.h"
#include "engine/c/io.h"
#include "engine/c/matmul.h"
#include "engine/c/memory.h"
#include "engine/c/quantized.h"
#include "engine/c/random.h"
#include "engine/c/reduce.h"
#include "engine/c/scan.h"
#include "engine/c/shape.h"
#include "engine/c/sort.h"
#include "engine/c/stream.h"
#include "engine/c/transforms.h"
#include "engine/c/types.h"
#include "engine/c/unary.h"

#endif
