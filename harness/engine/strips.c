// Depth first through large maps: a chain of steps runs strip by strip of rows, each strip through
// all of its steps, so that the maps between them never exist as a whole. A run of the network
// reads all weights once and with them empties the caches; maps of several MB are written to memory
// and read back, and a convolution of 16 maps spends half its time on that. What a chain keeps of
// its inner maps are the rows that some step still reads, in memory of its own (place.c).
//
// A step of a strip goes as far as the rows allow that the step before it made; rows are made once.
// Of several threads each goes through its own band of rows (share.c). Where windows in the chain
// reach beyond it, the thread makes those rows as well: it takes what they need of the chain's
// input from its neighbours (halo.c), so that threads wait for each other once a chain.
// (Line buffers: Alwani et al., Fused-Layer CNN Accelerators, MICRO 2016; by groups of channels:
// Sandler et al. 2018, arXiv 1801.04381, section 5.)
#include "harness/engine/plan.h"

#include <limits.h>
#include <string.h>

enum {
  STRIP_ROWS = 14,            // of the highest maps: a multiple of the depthwise kernel's blocks
  LARGE_BYTES = 1024 * 1024,  // maps that do not stay in a second-level cache of 1 MB
  WEIGHT_BYTES = 128 * 1024,  // most of a step: every strip reads them
  WINDOW_BYTES = 1024 * 1024, // most that a chain keeps of its maps
  LONGEST = 16,               // steps of a chain
};

bool gb_strips_take(const gb_plan *plan, const gb_shape *out, int64_t maps) {
  return plan->threads == 1 && gb_plan_has(plan, GB_PASS_STRIPS) && out->h > 2 * STRIP_ROWS &&
         4 * maps * out->h * out->w > LARGE_BYTES / 2;
}

// Rows of an input that output rows up to `end` need, and the first that those from `from` on do.
static int64_t rows_before(const gb_step *step, const gb_shape *in, int64_t end) {
  const gb_work *w = &step->work;
  int64_t rows = (end - 1) * w->stride_h - w->top + (w->kernel_h - 1) * w->dilation_h + 1;
  return !gb_has_window(step) ? end : rows < 0 ? 0 : rows > in->h ? in->h : rows;
}

static int64_t first_row(const gb_step *step, int64_t from) {
  int64_t row = gb_has_window(step) ? from * step->work.stride_h - step->work.top : from;
  return row < 0 ? 0 : row;
}

static bool can_go_by_strips(const gb_plan *plan, const gb_step *step) {
  const gb_shape *out = &plan->tensors[step->out].shape;
  // The depthwise kernels take maps of half a vector two rows at a time (kernels.h).
  if (step->type->cut == GB_CUT_CHANNELS || step->work.plane ||
      4 * step->weight_count > WEIGHT_BYTES || 2 * out->w <= plan->kernels->lanes ||
      step->work.kind == GB_WORK_GLOBAL_POOL || step->ghosts)
    return false;
  for (size_t i = 0; i < step->n_in && !gb_has_window(step); i++) {
    const gb_shape *in = &plan->tensors[step->in[i]].shape;
    if (in->h * in->w != 1 && (in->h != out->h || in->w != out->w))
      return false;
  }
  return true;
}

// ---------------------------------------------------------------------------------------------

// What the search knows of a step. A link is a step that makes what this one reads.
typedef struct link {
  size_t maker;
  bool windowed; // read through the step's window, not row by row
} link;

typedef struct chain_step {
  link links[LONGEST];
  size_t link_count;
  size_t last_reader;        // SIZE_MAX: also the caller
  int64_t bytes;             // of its output
  int64_t start, need, done; // rows; those before `start` are of other threads
  int64_t keep;              // the first row that is still read
  int window;
} chain_step;

typedef struct chain {
  gb_plan *plan;
  size_t first, end;
  chain_step steps[LONGEST];
  int windows;
  int64_t heights[GB_WINDOWS], above[GB_WINDOWS], most[GB_WINDOWS];
} chain;

static void find_last_readers(const gb_plan *plan, size_t *last) {
  for (size_t s = 0; s < plan->step_count; s++)
    last[s] = s;
  for (size_t s = 0; s <= plan->step_count; s++) {
    const gb_step *step = s < plan->step_count ? &plan->steps[s] : NULL;
    size_t inputs = step ? step->n_in + 2 : 1;
    for (size_t i = 0; i < inputs; i++) {
      int tensor = !step             ? (int)plan->graph->node_count - 1
                   : i < step->n_in  ? step->in[i]
                   : i == step->n_in ? step->gate
                                     : step->residual;
      for (int64_t c = 0; tensor >= 0 && c < plan->tensors[tensor].shape.c; c++) {
        int maker = plan->producers[plan->tensors[tensor].planes[c].root];
        if (maker >= 0)
          last[maker] = step ? s : SIZE_MAX;
      }
    }
  }
}

// The steps of the chain that make `tensor` become links of `step`; false: too many.
static bool add_links(const chain *c, chain_step *step, int tensor, bool windowed) {
  const gb_tensor *t = &c->plan->tensors[tensor];
  for (int64_t i = 0; i < t->shape.c; i++) {
    int maker = c->plan->producers[t->planes[i].root];
    if (maker < (int)c->first)
      continue;
    size_t k = 0;
    while (k < step->link_count &&
           (step->links[k].maker != (size_t)maker || step->links[k].windowed != windowed))
      k++;
    if (k == LONGEST)
      return false;
    if (k == step->link_count)
      step->links[step->link_count++] = (link){(size_t)maker, windowed};
  }
  return true;
}

// Takes one more step into the chain; false where that cannot be.
static bool extend(chain *c, const size_t *last) {
  const gb_plan *plan = c->plan;
  size_t index = c->end - c->first;
  if (c->end == plan->step_count || index == LONGEST ||
      (plan->steps[c->end].by == GB_BY_ROWS) != (plan->threads > 1) ||
      !can_go_by_strips(plan, &plan->steps[c->end]))
    return false;
  const gb_step *s = &plan->steps[c->end];
  const gb_shape *out = &plan->tensors[s->out].shape;
  chain_step *step = &c->steps[index];
  *step = (chain_step){.last_reader = last[c->end], .bytes = 4 * gb_shape_count(out) / plan->batch};
  for (size_t i = 0; i < s->n_in; i++)
    if (!add_links(c, step, s->in[i], gb_has_window(s)))
      return false;
  if (s->residual >= 0 && !add_links(c, step, s->residual, false))
    return false;
  step->window = 1;
  while (step->window <= c->windows && c->heights[step->window] != out->h)
    step->window++;
  if (step->window == GB_WINDOWS)
    return false;
  if (step->window > c->windows)
    c->heights[++c->windows] = out->h;
  c->end++;
  return true;
}

static bool is_inner(const chain *c, size_t i) {
  return c->steps[i].last_reader < c->end;
}

static const gb_shape *output_of(const chain *c, size_t i) {
  return &c->plan->tensors[c->plan->steps[c->first + i].out].shape;
}

// The first row of `part` in the output of step i; that of the part behind ends it.
static int64_t band_row(const chain *c, size_t i, int part) {
  return gb_band_cut(output_of(c, i)->h, part, c->plan->threads);
}

// The first row that step i reads through a link for its own row `from`.
static int64_t first_read(const chain *c, size_t i, const link *l, int64_t from) {
  return l->windowed ? first_row(&c->plan->steps[c->first + i], from) : from;
}

// Where each step begins so that the last one begins with the thread's band: a thread makes rows
// before its band itself where a window in the chain reaches there, in place of waiting for its
// neighbour.
static void find_starts(chain *c, int part) {
  size_t count = c->end - c->first;
  for (size_t i = 0; i < count; i++) {
    bool by_chain_only = is_inner(c, i) && c->steps[i].last_reader > c->first + i;
    c->steps[i].start = by_chain_only ? output_of(c, i)->h : band_row(c, i, part);
  }
  for (size_t i = count; i-- > 0;) {
    const chain_step *step = &c->steps[i];
    for (size_t k = 0; k < step->link_count; k++) {
      chain_step *maker = &c->steps[step->links[k].maker - c->first];
      int64_t row = first_read(c, i, &step->links[k], step->start);
      if (row < maker->start)
        maker->start = row;
    }
  }
}

// How far each step goes so that the last one goes to row `end`; what later steps read is whole, in
// the thread's band, behind the last strip.
static void find_needs(chain *c, int part, int64_t end) {
  size_t count = c->end - c->first;
  bool last = end == band_row(c, count - 1, part + 1);
  for (size_t i = 0; i < count; i++)
    c->steps[i].need = last && !is_inner(c, i) ? band_row(c, i, part + 1) : c->steps[i].done;
  c->steps[count - 1].need = end;
  for (size_t i = count; i-- > 0;) {
    const chain_step *step = &c->steps[i];
    const gb_step *s = &c->plan->steps[c->first + i];
    for (size_t k = 0; k < step->link_count && step->need > 0; k++) {
      chain_step *maker = &c->steps[step->links[k].maker - c->first];
      const gb_shape *in = &c->plan->tensors[c->plan->steps[step->links[k].maker].out].shape;
      int64_t rows_in = step->links[k].windowed ? rows_before(s, in, step->need) : step->need;
      if (rows_in > maker->need)
        maker->need = rows_in;
    }
  }
}

// The first rows that are still read when those of `done` are there, and where windows begin.
static void find_windows(chain *c) {
  size_t count = c->end - c->first;
  for (int w = 1; w <= c->windows; w++)
    c->above[w] = c->heights[w];
  for (size_t i = 0; i < count; i++)
    c->steps[i].keep = c->steps[i].done;
  for (size_t i = 0; i < count; i++) {
    const chain_step *step = &c->steps[i];
    for (size_t k = 0; k < step->link_count; k++) {
      chain_step *maker = &c->steps[step->links[k].maker - c->first];
      int64_t row = first_read(c, i, &step->links[k], step->done);
      if (row < maker->keep)
        maker->keep = row;
    }
  }
  for (size_t i = 0; i < count; i++)
    if (c->steps[i].keep < c->above[c->steps[i].window])
      c->above[c->steps[i].window] = c->steps[i].keep;
}

// Goes through all strips of a thread, `rows` rows of the last map each; gives their number.
// `strips`, unless NULL, gets the rows and windows of each.
static int64_t walk(chain *c, int part, int64_t rows, gb_part_strips *strips) {
  size_t count = c->end - c->first;
  int64_t strip = 0, from = band_row(c, count - 1, part), to = band_row(c, count - 1, part + 1);
  find_starts(c, part);
  for (size_t i = 0; i < count; i++)
    c->steps[i].done = c->steps[i].start;
  for (int64_t y = from; y < to; y += rows, strip++) {
    find_windows(c);
    find_needs(c, part, y + rows < to ? y + rows : to);
    // Rows behind the last that is needed may exist (a stride that skips them): nobody makes them.
    for (size_t i = 0; i < count; i++) {
      chain_step *step = &c->steps[i];
      int64_t kept = step->need - c->above[step->window];
      if (kept > c->most[step->window])
        c->most[step->window] = kept;
      if (strips)
        strips->rows[strip * (int64_t)count + (int64_t)i] =
            (gb_rows){.keep = step->keep, .from = step->done, .to = step->need};
      step->done = step->need;
    }
    if (strips)
      memcpy(strips->above + strip * GB_WINDOWS, c->above, sizeof c->above);
  }
  return strip;
}

// Rows of other bands may only be made where no other thread sees them.
static bool keeps_to_its_band(const chain *c, int part) {
  if (c->plan->threads == 1)
    return true;
  for (size_t i = 0; i < c->end - c->first; i++) {
    bool is_own = c->plan->tensors[c->plan->steps[c->first + i].out].base == GB_BASE_OWN;
    if (!(is_inner(c, i) && is_own) &&
        (c->steps[i].start != band_row(c, i, part) || c->steps[i].done != band_row(c, i, part + 1)))
      return false;
  }
  return true;
}

// The same for all threads; gives the least number of strips of one, 0 where threads would meet.
static int64_t walk_all(chain *c, int64_t rows) {
  int64_t least = INT64_MAX;
  for (int w = 0; w < GB_WINDOWS; w++)
    c->most[w] = 0;
  for (int part = 0; part < c->plan->threads; part++) {
    int64_t strips = walk(c, part, rows, NULL);
    least = !keeps_to_its_band(c, part) ? 0 : strips < least ? strips : least;
  }
  return least;
}

// Bytes that a chain of strips of `rows` rows keeps of its inner maps.
static int64_t window_bytes(const chain *c) {
  int64_t bytes = 0;
  for (size_t i = 0; i < c->end - c->first; i++)
    if (is_inner(c, i))
      bytes += c->steps[i].bytes / c->heights[c->steps[i].window] * c->most[c->steps[i].window];
  return bytes;
}

static int64_t rows_of_strip(const chain *c) {
  int64_t highest = 0, last = output_of(c, c->end - c->first - 1)->h;
  for (int w = 1; w <= c->windows; w++)
    highest = c->heights[w] > highest ? c->heights[w] : highest;
  int64_t rows = (STRIP_ROWS * last + highest - 1) / highest;
  return rows > 0 ? rows : 1;
}

// True when a chain keeps its maps in the cache, and that is worth it; `*crossing` are the bytes
// that it leaves for later steps.
static bool is_worth_it(chain *c, int64_t *crossing) {
  int64_t inner = 0, largest = 0;
  *crossing = 0;
  for (size_t i = 0; i < c->end - c->first; i++) {
    int64_t bytes = c->steps[i].bytes;
    if (!is_inner(c, i)) {
      *crossing += bytes;
      continue;
    }
    inner += bytes;
    largest = bytes > largest ? bytes : largest;
  }
  inner /= c->plan->threads;
  if (inner <= LARGE_BYTES || c->end - c->first < 2)
    return false;
  int64_t strips = walk_all(c, rows_of_strip(c)), bytes = window_bytes(c);
  return strips > 1 && bytes <= WINDOW_BYTES && inner - bytes >= LARGE_BYTES / 2;
}

static gb_status keep_part(chain *c, int part, int64_t rows, gb_part_strips *strips,
                           gb_error *error) {
  size_t count = c->end - c->first;
  strips->count = walk(c, part, rows, NULL);
  strips->rows =
      gb_arena_allocate(c->plan->arena, (size_t)strips->count * count, sizeof *strips->rows);
  strips->above =
      gb_arena_allocate(c->plan->arena, (size_t)strips->count * GB_WINDOWS, sizeof *strips->above);
  if (!strips->rows || !strips->above)
    return gb_fail_memory(error);
  walk(c, part, rows, strips);
  return GB_OK;
}

static void set_chain(gb_plan *plan, const gb_strips *strips, bool goes) {
  for (size_t s = strips->first; s < strips->end; s++) {
    plan->steps[s].by = goes ? GB_BY_STRIPS : plan->threads > 1 ? GB_BY_ROWS : GB_BY_CHANNELS;
    plan->steps[s].strips = goes ? strips : NULL;
  }
}

static gb_status keep(gb_plan *plan, chain *c, gb_error *error) {
  gb_strips *strips = gb_arena_allocate(plan->arena, 1, sizeof *strips);
  if (!strips)
    return gb_fail_memory(error);
  *strips = (gb_strips){.first = c->first, .end = c->end};
  strips->parts = gb_arena_allocate(plan->arena, (size_t)plan->threads, sizeof *strips->parts);
  if (!strips->parts)
    return gb_fail_memory(error);
  int64_t rows = rows_of_strip(c);
  walk_all(c, rows);
  for (int part = 0; part < plan->threads; part++)
    GB_TRY(keep_part(c, part, rows, &strips->parts[part], error));
  for (int w = 1; w <= c->windows; w++) {
    strips->heights[w] = c->heights[w];
    strips->most[w] = c->most[w];
  }
  set_chain(plan, strips, true);
  for (size_t s = c->first; s < c->end; s++)
    if (plan->threads > 1 && !gb_halo_fits(plan, s)) {
      set_chain(plan, strips, false);
      break;
    }
  return GB_OK;
}

gb_status gb_plan_strips(gb_plan *plan, gb_error *error) {
  if (!gb_plan_has(plan, GB_PASS_STRIPS))
    return GB_OK;
  GB_TRY(gb_plan_find_producers(plan, error)); // copies have moved the steps
  size_t *last = gb_arena_allocate(plan->arena, plan->step_count, sizeof *last);
  chain *c = gb_arena_allocate(plan->arena, 1, sizeof *c);
  if (!last || !c)
    return gb_fail_memory(error);
  find_last_readers(plan, last);
  for (size_t s = 0; s < plan->step_count;) {
    *c = (chain){.plan = plan, .first = s, .end = s};
    size_t best = s;
    int64_t least = INT64_MAX, crossing;
    while (extend(c, last))
      if (is_worth_it(c, &crossing) && crossing < least) {
        least = crossing;
        best = c->end;
      }
    if (best > s) {
      *c = (chain){.plan = plan, .first = s, .end = s};
      while (c->end < best)
        extend(c, last);
      GB_TRY(keep(plan, c, error));
      s = best;
    } else {
      s++;
    }
  }
  return GB_OK;
}
