/* SPDX-License-Identifier: Apache-2.0 */
#include "exec_process.h"
#include "create_config.h"
#include "file.h"
#include "monitor.h"
#include "oci.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The container's own process, with what the exec asks for instead. */
static json *exec_spec(struct container *container, json *config)
{
	json *spec = container_spec(container);
	json *own = json_get(spec, "Config");
	json *host = json_get(spec, "HostConfig");
	json *env = json_get_array(own, "Env");
	json *more = json_get(config, "Env");
	const char *user = json_get_string(config, "User", "");
	const char *directory = json_get_string(config, "WorkingDir", "");

	json_set(own, "Entrypoint", NULL);
	json_set(own, "Cmd", json_copy(json_get(config, "Cmd")));
	if (*user) {
		json_set_string(own, "User", user);
	}
	if (*directory) {
		json_set_string(own, "WorkingDir", directory);
	}
	for (size_t i = 0; env && i < json_count(more); i++) {
		if (json_string_at(more, i)) {
			env_set(env, json_string_at(more, i));
		}
	}
	if (json_get_bool(config, "Privileged", false)) {
		json_set_bool(host, "Privileged", true);
	}
	json_set_bool(host, "Init", false);
	return spec;
}

static json *make_process(struct container *container, json *config, char **error)
{
	char *rootfs = text_format("/proc/%d/root", (int)container->state.pid);
	int fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	json *spec = exec_spec(container, config);
	bool has_tty = container->has_tty;

	container->has_tty = json_get_bool(config, "Tty", false);
	json *process = oci_process(container, spec, fd, error);
	container->has_tty = has_tty;
	json *size = json_get_array(config, "ConsoleSize");
	if (process && json_count(size) == 2) {
		json *object = json_object_new_object();
		json_set(object, "height", json_copy(json_at(size, 0)));
		json_set(object, "width", json_copy(json_at(size, 1)));
		json_set(process, "consoleSize", object);
	}
	json_object_put(spec);
	file_close(fd);
	free(rootfs);
	return process;
}

char *exec_write_process(struct container *container, json *config, const char *id, char **error)
{
	char *folder = monitor_folder(container, id);
	char *path = text_format("%s/process.json", folder);
	json *process = make_process(container, config, error);

	if (process) {
		const char *text = json_text(process);
		if (file_make_dirs(folder, 0700) < 0 ||
		    file_replace_at(AT_FDCWD, path, text, strlen(text), 0600, 0) < 0) {
			*error = text_format("cannot write %s: %s", path, strerror(errno));
		}
	}
	json_object_put(process);
	free(folder);
	if (*error) {
		free(path);
		return NULL;
	}
	return path;
}

json *exec_describe(json *config)
{
	json *object = json_object_new_object();
	json *command = json_get(config, "Cmd");
	json *arguments = json_object_new_array();

	for (size_t i = 1; i < json_count(command); i++) {
		json_append_string(arguments, json_string_at(command, i));
	}
	json_set_bool(object, "tty", json_get_bool(config, "Tty", false));
	json_set_string(object, "entrypoint", json_string_at(command, 0));
	json_set(object, "arguments", arguments);
	json_set_bool(object, "privileged", json_get_bool(config, "Privileged", false));
	json_set_string(object, "user", json_get_string(config, "User", ""));
	return object;
}
