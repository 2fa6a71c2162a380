/* SPDX-License-Identifier: Apache-2.0 */
/* Routes of images, and what other files need of them. */
#pragma once

#include "http.h"
#include "route.h"

extern const struct route image_show_routes[3];     /* image_show.c */
extern const struct route image_change_routes[3];   /* image_change.c */
extern const struct route image_registry_routes[3]; /* image_registry.c */
extern const struct route image_list_routes[1];     /* image_list.c */
extern const struct route image_tar_routes[3];      /* image_tar.c */
extern const struct route image_commit_routes[1];   /* image_commit.c */

/* The ID of the image that the request's first parameter names; NULL: a reply was sent. The caller
 * frees it. */
char *image_of_request(struct request *request);
/* An event with the usual attributes. `name` may be NULL: the ID. */
void image_event(const char *action, const char *id, const char *name);
/* In a transaction of its own: the image, and its name if there is one. NULL, or why not. */
const char *image_keep(json *image, const char *parent, const char *ref, bool is_ref_kept);

/* image_registry.c: fetches it; `done` gets NULL or why not, and the kind of error. Progress goes
 * to `say`, borrowed lines. The platform may be NULL. */
void image_pull(const char *ref, json *auth, const char *platform,
		void (*say)(void *context, json *line),
		void (*done)(void *context, const char *error, const char *kind), void *context);
/* image_list.c: all tags of `name`, a normal name without one, which it takes; answers the request.
 */
void image_pull_all(struct request *request, char *name);
/* As /images/json has them (image_show.c), by its filter or all (NULL); `all`: also images without
 * a name that others are made of. The caller puts it. */
json *image_summaries(json *filter, bool all);
