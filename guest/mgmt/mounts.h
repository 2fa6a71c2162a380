/* SPDX-License-Identifier: Apache-2.0 */
/* The file systems of the management partition. */
#pragma once

/* Everything that needs no device. What fails is said and left out. */
void mounts_base(void);

/*
 * /data, kept: the disk or partition with an ext4 file system labelled `bulkhead-data`, if it is
 * there (returns 1), else nothing (0). One that is too damaged to be mounted is said and counts as
 * none (0).
 */
int mounts_data_disk(void);

/* /data in memory, and says so. */
void mounts_data_memory(void);

/* At the end: writes everything out and takes down what is mounted, the last first. */
void mounts_end(void);
