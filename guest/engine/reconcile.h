/* SPDX-License-Identifier: Apache-2.0 */
/*
 * At the engine's start, after whatever ended the last one: containers whose monitor lives are
 * followed again, others get the exit status that their monitor left; what was half made or half
 * removed, and has no row, goes.
 */
#pragma once

int reconcile(void);
