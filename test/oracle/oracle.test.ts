// What answers immediately is compared in each run of the tests.
import { testAnswers } from './judged.js';

testAnswers('a1_services', 'a3_cli_errors');
