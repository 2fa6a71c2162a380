/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of network_routes that have files of their own. */
#pragma once

struct request;

/* network_create.c */
void network_create(struct request *request);
/* network_member.c */
void network_connect_container(struct request *request);
void network_disconnect_container(struct request *request);
