/* SPDX-License-Identifier: Apache-2.0 */
/* An image made of a tar of a root file system, which is the request's body (ROUTE_BODY). */
#pragma once

#include "http.h"

/* POST /images/create?fromSrc=-&repo=..&tag=..&message=..&changes=.. */
void image_import(struct request *request);
