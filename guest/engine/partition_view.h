/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime of partitions knows of a container that is one. */
#pragma once

#include "container.h"

/* "bulkhead.partition.cpus", ".memory", "bulkhead.timing" and more, as bh-partition(8) names them;
 * NULL: it is no partition, or not running. The caller puts it. */
json *partition_view(const struct container *container);
