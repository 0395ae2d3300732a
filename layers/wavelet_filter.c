// What the layers wavelet and ghost (cheap="wavelet") both say about a wavelet filter; see
// wavelet.h.
#include "layers/wavelet.h"

#include <inttypes.h>

const char *const gb_wavelet_families[] = {"haar", "daubechies", NULL};
const char *const gb_wavelet_axes_names[] = {"both", "width", "height", NULL};
const char *const gb_wavelet_boundaries[] = {"periodic", "zero", "reflect", NULL};

int64_t gb_wavelet_taps(const gb_wavelet_filter *filter) {
  return filter->order ? filter->order : filter->family == GB_WAVELET_HAAR ? 2 : 4;
}

gb_status gb_wavelet_check(const gb_wavelet_filter *filter, gb_error *error) {
  int64_t taps = gb_wavelet_taps(filter);
  if (filter->family == GB_WAVELET_HAAR && taps != 2)
    return gb_fail(error, GB_EINPUT,
                   "attribute order=\"%" PRId64 "\" is not allowed: the Haar wavelet has 2 taps; "
                   "did you mean family=\"daubechies\"?",
                   filter->order);
  if (taps % 2)
    return gb_fail(error, GB_EINPUT,
                   "attribute order=\"%" PRId64 "\" is not allowed: an even number from 2 to 20",
                   filter->order);
  return GB_OK;
}
