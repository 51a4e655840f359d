"""Every benchmark runs on one thread: importing this package, before numpy, sees to that."""

import os
import warnings

os.environ |= {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "JAX_ENABLE_X64": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
# large grids have near ties; a time does not depend on which of the actions counts as optimal
warnings.filterwarnings("ignore", message=".*too near the tie tolerance")
