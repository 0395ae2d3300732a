// The table of one instruction set, made from the one list.
#include "layers/kernels/simd.h"

#define GB_TEXT_(x) #x
#define GB_TEXT(x) GB_TEXT_(x)

extern const gb_kernels GB_FN(kernels);
const gb_kernels GB_FN(kernels) = {
    .isa = GB_ISA_ID,
    .name = GB_TEXT(GB_ISA_SUFFIX),
    .lanes = VW,
#define GB_KERNEL(result, kernel, parameters) .kernel = GB_FN(kernel),
#include "layers/kernels/kernels.def"
#undef GB_KERNEL
};
