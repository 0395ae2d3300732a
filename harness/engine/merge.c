// Parallel branches that are linear and read the same tensor become one convolution where they are
// summed: RepVGG's and RepGhost's re-parameterisation (Ding et al. 2021, section 3.3; Chen et al.
// 2022, section 3.2), found in the graph and not by name.
//
// With the sum Σ_i B_i(x), the host is the convolution with the largest window among the B_i, and
// another branch joins when it reads x, nobody but the sum reads it, nothing stands between it and
// the sum, and it is
// - a convolution of the same groups, stride and dilation whose window lies inside the host's, at a
//   whole number of taps from its corner: its weights are added to those of the host;
// - a scale and shift of each channel (a batch norm), or x itself, where the host keeps the stride
//   and the channels: the scale is added to the weight of the tap that reads the pixel itself.
// Biases add up. All sums are found in double and rounded once: exact up to rounding.
#include "harness/engine/plan.h"

// How far a branch's first tap stands behind the host's, in taps; false where it is between them or
// the window sticks out.
static bool inside(int64_t host_kernel, int64_t kernel, int64_t dilation, int64_t before,
                   int64_t *first) {
  *first = before / dilation;
  return before >= 0 && before % dilation == 0 && *first + kernel <= host_kernel;
}

// A window within the host's, from (y, x) on.
typedef struct window {
  int64_t y, x, height, width;
} window;

// A window of one tap fits at any dilation of the host's.
static bool window_inside(const gb_work *host, const gb_work *w, window *at) {
  *at = (window){.height = w->kernel_h, .width = w->kernel_w};
  return (w->kernel_h == 1 || w->dilation_h == host->dilation_h) &&
         (w->kernel_w == 1 || w->dilation_w == host->dilation_w) &&
         inside(host->kernel_h, w->kernel_h, host->dilation_h, host->top - w->top, &at->y) &&
         inside(host->kernel_w, w->kernel_w, host->dilation_w, host->left - w->left, &at->x);
}

static bool is_plain_conv(const gb_step *step) {
  return step && step->work.kind == GB_WORK_CONV && step->act == GB_ACT_NONE &&
         step->residual < 0 && step->gate < 0;
}

static int64_t window_size(const gb_step *step) {
  return step->work.kernel_h * step->work.kernel_w;
}

// The convolution with the largest window among those that only the sum reads.
static gb_step *find_host(gb_plan *plan, const gb_step *add) {
  gb_step *host = NULL;
  for (size_t i = 0; i < add->n_in; i++) {
    gb_step *step = gb_plan_sole_producer(plan, add->in[i]);
    if (is_plain_conv(step) && (!host || window_size(step) > window_size(host)))
      host = step;
  }
  return host;
}

// ---------------------------------------------------------------------------------------------

static gb_status need_bias(gb_plan *plan, gb_step *host, gb_error *error) {
  if (!host->bias)
    host->bias = gb_arena_allocate(plan->arena, (size_t)plan->tensors[host->out].shape.c,
                                   sizeof *host->bias);
  host->work.bias = true;
  return host->bias ? GB_OK : gb_fail_memory(error);
}

static void add_to(float *sum, double value) {
  *sum = (float)((double)*sum + value);
}

static gb_status join_conv(gb_plan *plan, gb_step *host, const gb_step *from, const window *at,
                           gb_error *error) {
  int64_t taps = window_size(from), filters = from->weight_count / taps;
  float *weights = gb_plan_own_weights(plan, host);
  if (!weights)
    return gb_fail_memory(error);
  for (int64_t f = 0; f < filters; f++)
    for (int64_t t = 0; t < taps; t++) {
      int64_t y = at->y + t / at->width, x = at->x + t % at->width;
      add_to(&weights[(f * host->work.kernel_h + y) * host->work.kernel_w + x],
             (double)from->weights[f * taps + t]);
    }
  if (!from->bias)
    return GB_OK;
  GB_TRY(need_bias(plan, host, error));
  for (int64_t c = 0; c < plan->tensors[host->out].shape.c; c++)
    add_to(&host->bias[c], (double)from->bias[c]);
  return GB_OK;
}

// scale and shift NULL: x itself.
static gb_status join_diagonal(gb_plan *plan, gb_step *host, const double *scale,
                               const double *shift, const window *at, gb_error *error) {
  int64_t channels = plan->tensors[host->out].shape.c, per_group = channels / host->work.groups;
  float *weights = gb_plan_own_weights(plan, host);
  if (!weights)
    return gb_fail_memory(error);
  for (int64_t c = 0; c < channels; c++) {
    int64_t filter = c * per_group + c % per_group;
    add_to(&weights[(filter * host->work.kernel_h + at->y) * host->work.kernel_w + at->x],
           scale ? scale[c] : 1);
  }
  if (!shift)
    return GB_OK;
  GB_TRY(need_bias(plan, host, error));
  for (int64_t c = 0; c < channels; c++)
    add_to(&host->bias[c], shift[c]);
  return GB_OK;
}

static bool keeps_channels(const gb_plan *plan, const gb_step *host) {
  const gb_shape *in = &plan->tensors[host->in[0]].shape, *out = &plan->tensors[host->out].shape;
  return in->c == out->c && host->work.stride_h == 1 && host->work.stride_w == 1;
}

// Joins the branch that ends in `tensor` with the host where it can; `*step` is its step, NULL for
// x itself.
static gb_status join(gb_plan *plan, gb_step *host, int tensor, gb_step **step, bool *joined,
                      gb_error *error) {
  static const gb_work one_tap = {.kernel_h = 1, .kernel_w = 1};
  window at;
  int x = host->in[0];
  *joined = false;
  *step = tensor == x ? NULL : gb_plan_sole_producer(plan, tensor);
  if (tensor == x || (*step && (*step)->work.kind == GB_WORK_SCALE_SHIFT && (*step)->in[0] == x &&
                      (*step)->act == GB_ACT_NONE)) {
    *joined = keeps_channels(plan, host) && window_inside(&host->work, &one_tap, &at);
    if (!*joined)
      return GB_OK;
    return join_diagonal(plan, host, *step ? (*step)->scale : NULL, *step ? (*step)->shift : NULL,
                         &at, error);
  }
  if (!is_plain_conv(*step) || (*step)->in[0] != x)
    return GB_OK;
  const gb_work *w = &(*step)->work, *h = &host->work;
  *joined = w->groups == h->groups && w->stride_h == h->stride_h && w->stride_w == h->stride_w &&
            window_inside(h, w, &at);
  return *joined ? join_conv(plan, host, *step, &at, error) : GB_OK;
}

gb_status gb_plan_merge_branches(gb_plan *plan, gb_step *add, gb_error *error) {
  gb_step *host = find_host(plan, add);
  if (!host)
    return GB_OK;
  size_t kept = 0;
  for (size_t i = 0; i < add->n_in; i++) {
    int tensor = add->in[i];
    gb_step *step = NULL;
    bool joined = false;
    if (tensor != host->out)
      GB_TRY(join(plan, host, tensor, &step, &joined, error));
    if (!joined) {
      add->in[kept++] = tensor;
      continue;
    }
    host->layers =
        gb_arena_print(plan->arena, "%s + %s", host->layers, step ? step->layers : "identity");
    if (!host->layers)
      return gb_fail_memory(error);
    plan->tensors[host->in[0]].uses--;
    if (step) {
      host->nominal += step->nominal;
      step->dead = true;
    }
  }
  add->n_in = kept;
  return kept == 1 ? gb_plan_absorb(plan, host, add, error) : GB_OK;
}
