const SYSTEMS = ['darwin', 'win32', 'linux', 'android', 'freebsd', 'openharmony', 'openbsd', 'netbsd', 'sunos', 'aix'];
const PROCESSORS = ['x64', 'arm64', 'ia32', 'arm', 'ppc64', 'riscv64', 's390x', 'loong64', 'wasm32', 'mips64el'];

/**
 * Adds an entry for every exactly versioned optional dependency that has none, and sorts the entries.
 * @param {Record<string, any>} packages the `packages` member of a lock file, changed in place
 * @returns {number} how many were added
 */
export function completeLock(packages) {
    let added = 0;
    for (const parent of Object.values(packages)) {
        for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
            if (!/^\d+\.\d+\.\d+[\w.+-]*$/.test(version) || packages[`node_modules/${name}`]) continue;
            packages[`node_modules/${name}`] = platformEntry(name, version, parent.dev === true);
            added++;
        }
    }
    const sorted = Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [location, entry] of sorted) {
        delete packages[location];
        packages[location] = entry;
    }
    return added;
}

function platformEntry(name, version, dev) {
    const words = name.split(/[-/@_]/);
    const os = SYSTEMS.filter(system => words.includes(system));
    const cpu = PROCESSORS.filter(processor => words.includes(processor));
    return {
        version,
        ...(cpu.length > 0 && { cpu }),
        ...(dev && { dev: true }),
        optional: true,
        ...(os.length > 0 && { os }),
    };
}
