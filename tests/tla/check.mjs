// Checks one TLA+ module with one configuration, with npm's tla-checker, and prints one line of JSON.
//   node tests/tla/check.mjs MODULE.tla CONFIG.cfg [CONSTANT=VALUE ...] [--only INVARIANT] [--states-max N]
// CONSTANT=VALUE replaces a constant of the configuration, --only leaves one of its invariants.
// Exit code: 0 no violation, 1 a violation (its trace in the line), 2 anything else.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const manifest = join(here, 'package.json');
// Beside the build's output, which git ignores.
const home = join(here, '..', '..', '.artifacts', 'tla-checker');
const installed = join(home, 'node_modules', 'tla-checker');

function fail(message) {
  console.error(message);
  process.exit(2);
}

function wanted() {
  return JSON.parse(readFileSync(manifest, 'utf8')).dependencies['tla-checker'];
}

function install() {
  const package_ = join(installed, 'package.json');
  if (existsSync(package_) && JSON.parse(readFileSync(package_, 'utf8')).version === wanted()) return;
  mkdirSync(home, { recursive: true });
  copyFileSync(manifest, join(home, 'package.json'));
  const command = ['install', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];
  const shell = process.platform === 'win32';
  const npm = spawnSync('npm', command, { cwd: home, encoding: 'utf8', shell });
  if (npm.error) fail(`npm could not be run (${npm.error.code}); it installs tla-checker ${wanted()}`);
  if (npm.status !== 0) fail(`npm could not install tla-checker ${wanted()}:\n${npm.stdout}${npm.stderr}`);
}

async function checker() {
  install();
  const tla = await import(pathToFileURL(join(installed, 'tla_checker.js')).href);
  tla.initSync({ module: readFileSync(join(installed, 'tla_checker_bg.wasm')) });
  return tla;
}

function configure(text, constants, only) {
  for (const setting of constants) {
    const [name, value] = [setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1)];
    const line = new RegExp(`^  ${name} = .*$`, 'm');
    if (!line.test(text)) fail(`the configuration has no constant '${name}'`);
    text = text.replace(line, () => `  ${name} = ${value}`);
  }
  if (only === null) return text;
  const lines = text.split('\n');
  if (!lines.includes(`INVARIANT ${only}`)) fail(`the configuration has no invariant '${only}'`);
  return lines.filter(line => !line.startsWith('INVARIANT ') || line === `INVARIANT ${only}`).join('\n');
}

const [files, constants] = [[], []];
let [only, statesMax] = [null, 1_000_000];
for (let args = process.argv.slice(2); args.length > 0;) {
  const argument = args.shift();
  if (argument === '--install') { install(); process.exit(0); }
  if (argument === '--only') only = args.shift() ?? fail('--only names an invariant');
  else if (argument === '--states-max') statesMax = Number(args.shift() ?? fail('--states-max has a number'));
  else (argument.includes('=') ? constants : files).push(argument);
}
if (files.length !== 2) fail('a module and a configuration are expected: MODULE.tla CONFIG.cfg');
const tla = await checker();
const [module_, config] =
  files.map(file => existsSync(file) ? readFileSync(file, 'utf8') : fail(`there is no ${file}`));
const configured = configure(config, constants, only);
const invariants = configured.split('\n')
  .filter(line => line.startsWith('INVARIANT ')).map(line => line.slice('INVARIANT '.length));
const begin = performance.now();
const result = JSON.parse(
  tla.check_spec_with_cfg(module_, configured, '{}', statesMax, 100_000, true, false));
const broken = /^Invariant (\d+) violated$/.exec(result.error_message ?? '');
console.log(JSON.stringify({
  states: result.states_explored,
  seconds: Math.round((performance.now() - begin) / 100) / 10,
  violated: broken ? invariants[Number(broken[1])] : null,
  error: broken ? null : result.error_message,
  warnings: result.warnings,
  trace: result.trace ?? null,
}));
process.exit(result.success ? 0 : broken ? 1 : 2);
