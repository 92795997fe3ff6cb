// What answers immediately is compared in each run of the tests.
import { testAnswers } from './judged.js';

testAnswers('a3_cli_errors');
