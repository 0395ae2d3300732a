// Facts of /proc, /sys and the program itself; see environment.h.
#define _GNU_SOURCE // dl_iterate_phdr, sched_getaffinity
#include "harness/measure/environment.h"

#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The first line of a file; "" when it cannot be read.
static void first_line(const char *path, char *text, size_t size) {
  text[0] = '\0';
  FILE *file = fopen(path, "r");
  if (!file)
    return;
  if (!fgets(text, (int)size, file))
    text[0] = '\0';
  fclose(file);
  text[strcspn(text, "\n")] = '\0';
}

static void read_affinity(char *text, size_t size) {
  cpu_set_t set;
  text[0] = '\0';
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return;
  size_t used = 0;
  for (size_t first = 0; first < CPU_SETSIZE && used + 24 < size; first++) {
    if (!CPU_ISSET(first, &set))
      continue;
    size_t last = first;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set))
      last++;
    used += (size_t)snprintf(text + used, size - used, "%s%zu", used ? "," : "", first);
    if (last > first)
      used += (size_t)snprintf(text + used, size - used, "-%zu", last);
    first = last;
  }
}

// Intel's driver says "no turbo", the others whether there is boost.
static void read_turbo(char *text, size_t size) {
  char line[16];
  first_line("/sys/devices/system/cpu/intel_pstate/no_turbo", line, sizeof line);
  if (*line) {
    snprintf(text, size, "%s", strcmp(line, "0") == 0 ? "on" : "off");
    return;
  }
  first_line("/sys/devices/system/cpu/cpufreq/boost", line, sizeof line);
  snprintf(text, size, "%s", !*line ? "" : strcmp(line, "0") == 0 ? "off" : "on");
}

// "always [madvise] never": the word in brackets.
static void read_choice(const char *path, char *text, size_t size) {
  char line[128];
  first_line(path, line, sizeof line);
  char *open = strchr(line, '['), *close = open ? strchr(open, ']') : NULL;
  if (close)
    *close = '\0';
  snprintf(text, size, "%s", close ? open + 1 : "");
}

static void read_container(char *text, size_t size) {
  const char *said = getenv("container"); // systemd-nspawn, podman, lxc
  char line[256];
  first_line("/proc/1/cgroup", line, sizeof line);
  if (said && *said)
    snprintf(text, size, "%.30s", said);
  else if (access("/.dockerenv", F_OK) == 0)
    snprintf(text, size, "docker");
  else if (access("/run/.containerenv", F_OK) == 0)
    snprintf(text, size, "podman");
  else if (strstr(line, "docker") || strstr(line, "kubepods") || strstr(line, "lxc"))
    snprintf(text, size, "%s", strstr(line, "lxc") ? "lxc" : "docker");
  else
    snprintf(text, size, "no");
}

static void read_microcode(char *text, size_t size) {
  char line[256];
  text[0] = '\0';
  FILE *file = fopen("/proc/cpuinfo", "r");
  if (!file)
    return;
  while (!*text && fgets(line, sizeof line, file)) {
    char *colon = strchr(line, ':');
    line[strcspn(line, "\n")] = '\0';
    if (colon && strncmp(line, "microcode", 9) == 0)
      snprintf(text, size, "%.24s", colon + 1 + strspn(colon + 1, " "));
  }
  fclose(file);
}

// The program is the first object; its note of type NT_GNU_BUILD_ID holds bytes that change with
// every change of the program.
static int find_build_id(struct dl_phdr_info *info, size_t size, void *context) {
  gb_environment *e = context;
  (void)size;
  for (size_t i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type != PT_NOTE)
      continue;
    const char *at = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    const char *end = at + info->dlpi_phdr[i].p_memsz;
    while (end - at >= (ptrdiff_t)sizeof(ElfW(Nhdr))) {
      ElfW(Nhdr) note;
      memcpy(&note, at, sizeof note);
      const char *name = at + sizeof note;
      const unsigned char *bytes = (const unsigned char *)name + ((note.n_namesz + 3u) & ~3u);
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
        for (size_t k = 0; k < note.n_descsz && 2 * k + 2 < sizeof e->build_id; k++)
          snprintf(e->build_id + 2 * k, 3, "%02x", bytes[k]);
        return 1;
      }
      at = (const char *)bytes + ((note.n_descsz + 3u) & ~3u);
    }
  }
  return 1;
}

void gb_environment_read(gb_environment *e) {
  *e = (gb_environment){0};
  gb_machine_read(&e->machine);
  read_affinity(e->affinity, sizeof e->affinity);
  first_line("/sys/devices/system/cpu/smt/control", e->smt, sizeof e->smt);
  first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", e->clock_source,
             sizeof e->clock_source);
  first_line("/proc/sys/kernel/randomize_va_space", e->aslr, sizeof e->aslr);
  read_turbo(e->turbo, sizeof e->turbo);
  first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", e->frequency_driver,
             sizeof e->frequency_driver);
  read_choice("/sys/kernel/mm/transparent_hugepage/enabled", e->huge_pages, sizeof e->huge_pages);
  read_container(e->container, sizeof e->container);
  double load[3];
  if (getloadavg(load, 3) == 3)
    snprintf(e->load, sizeof e->load, "%.2f %.2f %.2f", load[0], load[1], load[2]);
  read_microcode(e->microcode, sizeof e->microcode);
  dl_iterate_phdr(find_build_id, e);
}
