// OpenBLAS's CBLAS interface and its thread and kernel controls.
#pragma once
#include <cblas.h>
