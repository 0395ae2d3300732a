// The plots of an experiment: which number of which cell stands where.
#include "harness/cli/run.h"

gb_status gb_run_plots(gb_run *run, const gb_results *results, const gb_published *published,
                       const char *folder, gb_error *error) {
  (void)run, (void)results, (void)published, (void)folder, (void)error;
  return GB_OK;
}
