/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of network_routes. */
#pragma once

struct request;

void network_get_all(struct request *request);
void network_get(struct request *request);
void network_remove(struct request *request);
void network_prune(struct request *request);
/* network_create.c */
void network_create(struct request *request);
/* network_member.c */
void network_connect_container(struct request *request);
void network_disconnect_container(struct request *request);
