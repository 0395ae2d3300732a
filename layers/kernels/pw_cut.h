// How matrix products are cut: rows of weights to blocks, as they are packed, pixels to spans of
// vectors and what is left of them, the depth to steps. pw_tile.h multiplies one of each.
#ifndef GB_KERNELS_PW_CUT_H
#define GB_KERNELS_PW_CUT_H

#include "layers/kernels/simd.h"

// Tiles of three vectors and one pixel more, where 16 lanes make a fourth vector too much.
#define PW_HAS_TAIL (VW == 16)
#define PW_TAIL_NV (PW_HAS_TAIL ? 3 : 0)
#define PW_TAILS 4 // most tiles with a tail: each costs a multiply-add a step more

// How many tiles with a tail `pixels` pixels are cut into, beside whole vectors: 14 x 14 = 196 are
// four, and cost 12.5 vectors instead of 13.
GB_INLINE int64_t pw_tails_of(int64_t pixels) {
  const int64_t over = pixels % VW;
  return PW_TAIL_NV > 0 && over <= PW_TAILS && pixels >= over * (PW_TAIL_NV * VW + 1) ? over : 0;
}

// How rows are cut into blocks: `blocks` blocks of nearly equal size, the first `larger` one row
// larger. Rows never are padded, so 20 rows are 7 + 7 + 6 and cost 20.
typedef struct pw_cut {
  int64_t blocks, size, larger;
} pw_cut;

GB_INLINE pw_cut pw_cut_of(int64_t n, int64_t most) {
  const int64_t blocks = n > 0 ? gb_idiv_up(n, most) : 1;
  return (pw_cut){blocks, n / blocks, n % blocks};
}
GB_INLINE int64_t pw_cut_at(pw_cut c, int64_t block) {
  return block * c.size + gb_imin(block, c.larger);
}
GB_INLINE int64_t pw_cut_find(pw_cut c, int64_t row) {
  const int64_t first = c.larger * (c.size + 1);
  return row < first ? row / (c.size + 1) : c.larger + (row - first) / gb_imax(c.size, 1);
}

// Steps that a depth is cut into. A panel of 256 by three vectors of 8 lanes is 24 KB, of a
// first-level cache of 32 KB.
#define PW_DEPTH 256
GB_INLINE pw_cut pw_steps_of(int64_t depth) {
  return pw_cut_of(depth, VREGS == 32 ? gb_imax(depth, 1) : PW_DEPTH);
}

// Rows a block of the packed weights holds at most: 8 x 3 or 6 x 4 tiles, whichever reads less.
// With 16 registers 4 x 3, or 6 x 2 if there are no more pixels. Pixels hint only at the tile, so
// that weights packed for one size serve every other.
GB_INLINE int64_t pw_block_rows(int64_t rows, int64_t pixels) {
#if VREGS == 32
  const pw_cut six = pw_cut_of(rows, 6), eight = pw_cut_of(rows, 8);
  const int tail = pw_tails_of(pixels) > 0 && pixels < 14 * VW;
  return tail || rows % 8 == 0 || 3 * rows * six.blocks >= 4 * rows * eight.blocks ? 8 : 6;
#else
  (void)rows;
  return pixels <= 2 * VW ? 6 : 4;
#endif
}

#endif
