#pragma once

/**
 * The forward pass of a tile of cells through all steps, with weights and states in cache: on the tile unit where there is one. A thread holds
 * ProductRegisters while it runs one.
 */
#if defined(RETROPLUME_AMX)
#include "ops/lstm/lstm_tile_amx.h"
#else
#include "ops/lstm/lstm_tile_vectors.h"
#endif
